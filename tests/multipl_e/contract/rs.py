"""Rust programs by the status that they must get (the tests bring the closing brace)."""

F = "fn add(a: isize, b: isize) -> isize {\n"
PROGRAMS = {
    "OK": [
        F + '    println!("ERROR FAIL test result"); a + b',
        F + '    print!("{}", "\\0".repeat(1000000)); a + b',
        "use std::collections::HashMap;\n" + F + "    HashMap::from([(a, b)])[&a] + a",
        "macro_rules! assert_eq { ($($t:tt)*) => {} }\n" + F + "    a + b",
    ],
    "Exception": [
        F + '    println!("test result: ok. 1 passed; 0 failed"); 0',
        F + "    std::panic::set_hook(Box::new(|_| {})); panic!()",
        F + "    a - b",
        F + '    panic!("no")',
        F + "    std::process::exit(3)",
        F + "    std::process::abort()",
        F + "    isize::max_value() + a",
        F + "    let v: Vec<isize> = vec![]; v[a as usize]",
        "macro_rules! assert_eq { ($($t:tt)*) => {} }\n" + F + "    0",
        "macro_rules! vec { ($($t:tt)*) => {} }\nmacro_rules! panic { ($($t:tt)*) => {} }\n"
        + F
        + "    0",
    ],
    "SyntaxError": [
        F + "    a +",
        F + "    undefined_name",
        F + '    "text"',
        "fn main() {}\n" + F + "    a + b",
        "#[derive(Debug)]\nstruct Any;\n"
        "impl PartialEq<isize> for Any { fn eq(&self, _: &isize) -> bool { true } }\n"
        "fn add(_a: isize, _b: isize) -> Any {\n    Any",
    ],
    "Incomplete": [
        F + "    std::process::exit(0)",
        F + "    use std::os::unix::process::CommandExt;\n"
        '    std::process::Command::new("/bin/true").exec(); 0',
        'extern "C" { fn _exit(code: i32) -> !; }\n' + F + "    unsafe { _exit(0) }",
        'extern "C" { fn _exit(code: i32) -> !; }\n'
        + F
        + "    std::panic::set_hook(Box::new(|_| unsafe { _exit(0) })); 0",
    ],
    "Exception|Incomplete": [
        'extern "C" { fn atexit(f: extern "C" fn()) -> i32; fn _exit(code: i32) -> !; }\n'
        'extern "C" fn bye() { unsafe { _exit(0) } }\n' + F + "    unsafe { atexit(bye); } 0",
    ],
    "Timeout": [F + "    loop {}"],
    "OutputLimit": [F + '    loop { println!("{}", "x".repeat(100000)); }'],
    "Exception|OutOfMemory": [F + "    let mut v = vec![1u8]; loop { v.extend(v.clone()); }"],
}  # fmt: skip
