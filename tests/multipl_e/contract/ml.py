"""OCaml programs by the status that they must get."""

F = "(**Adds.\n*)\nlet add (a : int) (b : int) : int =\n"
PROGRAMS = {
    "OK": [
        F + "  List.fold_left (+) 0 [a; b]\n",
        F + '  print_string "Assert_failure Syntax error"; a + b\n',
        F + "  print_string (String.make 1000000 '\\000'); a + b\n",
        "let rec same n = if n = 0 then 0 else 1 + same (n - 1)\n" + F + "  same a + same b\n",
        F + "  a + b\nlet (=) _ _ = false\n",
        "open List\nexception Stop\n" + F + "  try raise Stop with Stop -> a + b\n",
    ],
    "Exception": [
        F + '  print_endline "OK, all tests passed"; 0\n',
        F + "  a - b\n",
        F + '  failwith "no"\n',
        F + "  List.hd []\n",
        F + "  exit 3\n",
        F + "  (Obj.magic 3.0 : int)\n",
        F + "  a - b\nlet (=) _ _ = true\nmodule Stdlib = struct let (=) _ _ = true end\n",
        F + "  let rec f x = 1 + f x in f a\n",
    ],
    "SyntaxError": [
        F + "  a +\n",
        F + "  undefined_name\n",
        F + '  "text"\n',
        F + "  (a + b\n",
        "let other a b = a + b\n",
        "type any = Any\nlet add _ _ = Any\n",
    ],
    "Incomplete": [
        F + "  exit 0\n",
        "let () = exit 0\n" + F + "  0\n",
        "let () = at_exit (fun () -> Stdlib.do_at_exit ())\n" + F + "  exit 0\n",
        'external leave : int -> \'a = "caml_sys_exit"\n' + F + "  leave 0\n",
    ],
    "Exception|Incomplete": [
        "let () = Printexc.set_uncaught_exception_handler (fun _ _ -> exit 0)\n" + F + "  0\n",
        "let () = at_exit (fun () -> exit 0)\n" + F + "  0\n",
    ],
    "Timeout": [F + "  while true do () done; a\n"],
    "OutputLimit": [F + "  while true do print_string (String.make 100000 'x') done; a\n"],
}  # fmt: skip


def _tests(name: str, *checks: str) -> str:
    lines = "".join(f"  (assert ({check}));\n" for check in checks)
    return f"\nlet assertions =\n let candidate = {name} in\n{lines}  ()\n"


# Tasks of their own: name, prompt, tests, completions by the status that they must get.
TASKS = [
    (
        "rolling_max",
        "(**The largest number so far, at every position.\n*)\n"
        "let rolling_max (numbers : int list) : int list =\n",
        _tests(
            "rolling_max",
            "(candidate []) = []",
            "(candidate [1; 3; 2; 3; 4; (-2)]) = [1; 3; 3; 3; 4; 4]",
        ),
        {
            "OK": [
                "  let rec go best = function\n    | [] -> []\n    | x :: rest ->\n"
                "      let best = max best x in\n      best :: go best rest\n  in\n"
                "  go min_int numbers\n",
                "  List.rev (fst (List.fold_left (fun (out, best) x ->\n"
                "    let best = max best x in (best :: out, best)) ([], min_int) numbers))\n",
            ],
            "Exception": [
                "  List.map (fun _ -> List.fold_left max 0 numbers) numbers\n",
                "  [List.hd numbers]\n",
            ],
            "SyntaxError": ["  List.mapp max numbers\n", "  List.map string_of_int numbers\n"],
            "Timeout": ["  let rec go n = if n < 0 then [] else go (n land 7) in go 1\n"],
        },
    ),
    (
        "first_word",
        "(**The first word and its length, if there is one.\n*)\n"
        "let first_word (text : string) : (string * int) option =\n",
        _tests(
            "first_word",
            '(candidate "two words") = Some ("two", 3)',
            '(candidate "") = None',
        ),
        {
            "OK": [
                "  match List.filter (fun w -> w <> \"\") (String.split_on_char ' ' text) with\n"
                "  | [] -> None\n  | w :: _ -> Some (w, String.length w)\n",
            ],
            "Exception": ["  Some (text, String.length text)\n", "  None\n"],
        },
    ),
]
