;; Compiles the tests, which come on standard input after the secret, before it loads the candidate,
;; with an `is` of its own: what the candidate does to clojure.test or clojure.core comes too late.
(ns judge (:import (clojure.lang LineNumberingPushbackReader Util)
                   (java.io FileReader PushbackReader StringReader)))

;; The expected value decides: an object of the candidate's own cannot say that it is equal.
(defn same [actual expected]
  (cond
    (map? expected)
    (and (or (instance? clojure.lang.MapEquivalence actual)
             (and (instance? java.util.Map actual)
                  (not (instance? clojure.lang.IPersistentMap actual))))
         (let [copy (reduce (fn [m e] (assoc m (key e) (val e))) {} (seq actual))]
           (and (Util/equiv (long (count copy)) (long (count expected)))
                (loop [entries (seq expected)]
                  (or (nil? entries)
                      (let [entry (first entries)
                            found (find copy (key entry))]
                        (and (some? found)
                             (same (val found) (val entry))
                             (recur (next entries)))))))))
    (set? expected)
    (and (instance? java.util.Set actual) (Util/equiv expected (into #{} (seq actual))))
    (sequential? expected)
    (and (or (sequential? actual) (instance? java.util.List actual))
         (loop [x (seq actual) y (seq expected)]
           (cond
             (nil? y) (nil? x)
             (nil? x) false
             :else (and (same (first x) (first y)) (recur (next x) (next y))))))
    (coll? actual) false
    :else (Util/equiv expected actual)))

(defn check [holds form]
  (when-not holds
    (binding [*out* *err*] (println "FAIL:" (pr-str form)))
    (throw (AssertionError. "a test failed"))))

(defn checked [form]
  (let [[_ condition] form]
    (if (and (seq? condition) (= 3 (count condition)) (= '= (first condition)))
      (list `check (list* `same (rest condition)) (list 'quote condition))
      (list `check condition (list 'quote condition)))))

(defn rewritten [form]
  (cond
    (and (seq? form) (contains? '#{is clojure.test/is t/is} (first form))) (checked form)
    (and (seq? form) (= 'testing (first form))) (cons 'do (map rewritten (drop 2 form)))
    (seq? form) (with-meta (apply list (map rewritten form)) (meta form))
    (vector? form) (mapv rewritten form)
    :else form))

(defn forms [reader]
  (let [end (Object.)]
    (doall (take-while #(not (identical? end %)) (repeatedly #(read reader false end))))))

;; The bodies of all tests as one function of the candidate, and its name.
(defn parsed [text]
  (let [all (forms (PushbackReader. (StringReader. text)))
        entry (some (fn [[op name value]] (when (and (= 'def op) (= 'candidate name)) value)) all)
        bodies (mapcat (fn [form] (when (= 'deftest (first form)) (drop 2 form))) all)]
    [entry (list 'fn ['candidate] (cons 'do (map rewritten bodies)))]))

(defn fresh []
  (binding [*ns* *ns*]
    (in-ns 'tests)
    (refer 'clojure.core)
    *ns*))

(defn compiled [function]
  (binding [*ns* (the-ns 'tests)] (eval function)))

(defn syntax-error? [error]
  (and (instance? clojure.lang.Compiler$CompilerException error)
       (not= :execution (:clojure.error/phase (ex-data error)))))

(defn run [[secret path text]]
  (fresh)
  (let [[entry function] (parsed text)
        early (try (compiled function) (catch Throwable _ nil))
        found (try
                (in-ns 'user)
                (with-open [file (FileReader. "candidate.clj")]
                  (let [reader (LineNumberingPushbackReader. file)
                        end (Object.)]
                    (loop []
                      (let [form (read reader false end)]
                        (when-not (identical? end form) (eval form) (recur))))))
                (ns-resolve *ns* entry)
                (catch Throwable error
                  (.println System/err (str error " " (.getCause error)))
                  (.halt (Runtime/getRuntime)
                         (if (or (syntax-error? error)
                                 (instance? clojure.lang.LispReader$ReaderException error)
                                 (re-find #"EOF|Unmatched|Unsupported|Invalid token" (str error)))
                           65 1))))
        test (or early
                 (do (binding [*ns* (the-ns 'tests)] (refer (ns-name (.ns ^clojure.lang.Var found))))
                     (compiled function)))]
    (test (fn [& args] (apply (deref found) args)))
    (with-open [out (java.io.FileOutputStream. ^String path)] (.write out (.getBytes ^String secret)))
    (flush)
    (.flush System/out)
    (.halt (Runtime/getRuntime) 0)))

(run (let [text (slurp *in*)]
       (.split ^String text "\n" 3)))
