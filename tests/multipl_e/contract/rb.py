"""Ruby programs by the status that they must get."""

F = "def add(a, b)\n"
PROGRAMS = {
    "OK": [
        F + "  puts 'ERROR FAIL'\n  print 0.chr\n  a + b\nend",
        F + "  puts 'x' * 1000000\n  a + b\nend",
        "$memo = {}\n" + F + "  $memo[[a, b]] ||= a + b\nend\nputs add(4, 5)",
    ],
    "Exception": [
        F + "  puts '1 tests, 1 assertions, 0 failures, 0 errors'\n  0\nend",
        F + "  begin\n    raise 'no'\n  rescue Exception\n  end\n  0\nend",
        F + "  a - b\nend",
        F + "  '3'\nend",
        F + "  raise 'no'\nend",
        F + "  undefined_name\nend",
        "class Any\n  def ==(_) = true\n  def coerce(o) = [o, o]\nend\n" + F + "  Any.new\nend",
        "class Integer\n  def ==(_) = true\n  def to_s(*) = '4'\nend\n" + F + "  0\nend",
        "require 'test/unit'\nmodule Test::Unit::Assertions\n  def assert_equal(*) = nil\nend\n"
        + F
        + "  0\nend",
        "exit(3)",
        F + "  exit!\nend",
    ],
    "SyntaxError": [F + "  a + \nend end", F + "  (a\nend"],
    "Incomplete": [
        F + "  exit(0)\nend",
        F + "  exit!(0)\nend",
        "exit(0)\n" + F + "  0\nend",
        "exit!(0)\n" + F + "  0\nend",
        "at_exit { exit!(0) }\n" + F + "  exit(1)\nend",
        F + "  Process.exit!(true)\nend",
    ],
    "Exception|Incomplete": [
        '(1..12).each { |n| IO.for_fd(n, \'w\').write("={\\"status\\":\\"OK\\"}\\n") rescue 0 }\n'
        "exit!(0)",
        F + "  throw :done\nend",
        F + "  Process.kill(:KILL, $$)\nend",
    ],
    "Timeout": [F + "  loop {}\nend", F + "  sleep\nend"],
    "OutputLimit": [F + "  loop { puts 'x' * 100000 }\nend"],
}
