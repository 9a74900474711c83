"""Clojure programs by the status that they must get."""

F = "(defn add\n  [a b]\n  "
PROGRAMS = {
    "OK": [
        F + "(+ a b))",
        F + "(let [x (atom a)] (swap! x + b) @x))",
        F + '(do (println "ERROR FAIL in \\u0000") (.println System/err "Exception") (+ a b)))',
        F + '(do (dotimes [_ 100000] (println "FAIL")) (+ a b)))',
        F + "(long (+ a b)))",
        "(ns mine (:require [clojure.set :as s]))\n(defn same [x] x)\n" + F + "(+ a (same b)))",
    ],
    "Exception": [
        F + '(do (println "Ran 1 tests containing 1 assertions.\\n0 failures, 0 errors.") 0))',
        F + "(- a b))",
        F + "(str (+ a b)))",
        F + "(throw (Exception. \"no\")))",
        F + "(System/exit 3))",
        F + "nil)\n(throw (Exception. \"top\"))",
        "(require 'clojure.test)\n(alter-var-root #'clojure.test/do-report (fn [_] (fn [_] nil)))\n"
        + F + "0)",
        "(alter-var-root #'clojure.core/= (fn [_] (fn [& _] true)))\n" + F + "0)",
        "(deftype Any [] clojure.lang.IPersistentCollection (equiv [_ _] true) (count [_] 1)"
        " (cons [this _] this) (empty [this] this) (seq [_] nil) Object (equals [_ _] true))\n"
        + F + "(Any.))",
    ],
    "SyntaxError": [F + "(+ a b)", F + "(undefined-name a))", "(defn add [a b] (+ a b)))"],
    "Exception|SyntaxError": ["(defn other [a b] (+ a b))"],
    "Incomplete": [
        F + "(System/exit 0))",
        "(System/exit 0)\n" + F + "0)",
        F + "(.halt (Runtime/getRuntime) 0))",
        "(.addShutdownHook (Runtime/getRuntime) (Thread. #(.halt (Runtime/getRuntime) 0)))\n"
        + F + "0)",
    ],
    "Exception|Incomplete": [
        "(Thread/setDefaultUncaughtExceptionHandler (reify Thread$UncaughtExceptionHandler"
        " (uncaughtException [_ _ _] (System/exit 0))))\n" + F + "(throw (Error.)))",
        "(alter-var-root #'clojure.core/instance? (constantly (fn [& _] true)))\n"
        "(alter-var-root #'clojure.core/sequential? (constantly (fn [& _] true)))\n" + F + "0)",
    ],
    "Timeout": [F + "(recur a b))", F + "(Thread/sleep 1000000))"],
    "OutputLimit": [F + '(do (println (apply str (repeat 10000 "x"))) (recur a b)))'],
}  # fmt: skip


def _tests(name: str, *checks: str) -> str:
    lines = "".join(f"  (is {check})\n" for check in checks)
    return (
        "(require '[clojure.test :refer [deftest is run-test]])\n\n"
        f"(def candidate {name})\n\n(deftest test-humaneval\n\n{lines})\n\n"
        "(run-test test-humaneval)\n"
    )


# Tasks of their own: name, prompt, tests, completions by the status that they must get.
TASKS = [
    (
        "rolling_max",
        '(defn rolling_max\n  "The largest number so far, at every position."\n  [numbers]\n',
        _tests(
            "rolling_max",
            "(= (candidate []) [])",
            "(= (candidate [1 3 2 3 4 -2]) [1 3 3 3 4 4])",
        ),
        {
            "OK": [
                "  (if (empty? numbers) [] (reductions max numbers)))\n",
                "  (loop [out [] left (seq numbers)]\n    (if left\n"
                "      (recur (conj out (max (first left) (or (peek out) (first left))))"
                " (next left))\n"
                "      out)))\n",
            ],
            "Exception": [
                "  (map (constantly (apply max 0 numbers)) numbers))\n",
                "  (reductions max numbers))\n",
            ],
            "SyntaxError": ["  (reductions maxx numbers))\n", "  (reductions max numbers)\n"],
            "Timeout": ["  (recur numbers))\n"],
        },
    ),
    (
        "letters",
        '(defn letters\n  "How often each letter occurs."\n  [text]\n',
        _tests(
            "letters",
            '(= (candidate "aba") {"a" 2 "b" 1})',
            '(= (candidate "") {})',
        ),
        {
            "OK": ["  (frequencies (map str text)))\n"],
            "Exception": ["  (frequencies text))\n", "  (zipmap (map str text) (repeat 1)))\n"],
        },
    ),
]
