# The judge of Ruby: a warm process that runs the tests of each task in a child of its own. The
# candidate is in another process, and a stand-in for its function asks it line by line.
require 'json'
require 'test/unit'
require 'test/unit/ui/console/testrunner'
require_relative 'rb_values'

Test::Unit::AutoRunner.need_auto_run = false
RELAY = $stdout.dup
$stdout.reopen('/dev/null', 'w')
RELAY.sync = true

class Gone < Exception; end # not a StandardError: tests do not swallow it

# With a buffer of our own, which the parent empties when a child has taken over.
$buffer = +''
def take_line
  $buffer << $stdin.sysread(65_536) until (stop = $buffer.index("\n"))
  $buffer.slice!(0..stop).force_encoding('UTF-8')
rescue EOFError
  exit!(0)
end

def hear
  line = take_line
  unless line.start_with?('<')
    $gone = true # test-unit takes the exception for an error of the test
    raise Gone, 'the candidate ended'
  end
  message = JSON.parse(line[1..], max_nesting: false)
  message.is_a?(Hash) ? message : raise('not a message')
end

def ask(name, args, options)
  RELAY.puts('>' + JSON.generate({ call: name, args: Values.encode(args),
                                   options: Values.encode(options) }, max_nesting: false))
  reply = hear
  raise Values.error(reply) if reply['error']
  if reply['changed']
    Values.decode(reply['changed']).zip(args) do |now, old|
      old.replace(now) if old.class == now.class && old.respond_to?(:replace) && !old.frozen?
    end
  end
  Values.decode(reply['value'])
end

def run_tests(task)
  hello = hear
  if hello['error']
    return ['SyntaxError', hello['message']] if hello['error'] == 'SyntaxError'
    return ['Exception', hello['message']]
  end
  task['names'].each do |name|
    Object.send(:define_method, name) { |*args, **options| ask(name, args, options) }
  end
  known = ObjectSpace.each_object(Class).to_a
  eval(task['tests'], TOPLEVEL_BINDING, 'tests.rb')
  cases = (ObjectSpace.each_object(Class).to_a - known).select { |c| c < Test::Unit::TestCase }
  return ['OK', ''] if cases.empty? # the tests were plain statements
  result = Test::Unit::TestResult.new
  count = 0
  cases.each do |klass|
    klass.suite.tests.each do |test|
      count += 1
      test.run(result) {}
      return ['Gone', ''] if $gone
    end
  end
  return ['Exception', 'no test ran'] if count.zero? || result.run_count != count
  faults = result.failures + result.errors
  result.passed? && faults.empty? ? ['OK', ''] : ['Exception', faults.map(&:long_display).join("\n")[0, 4000]]
rescue Gone
  ['Gone', '']
rescue Exception => e
  ['Exception', "#{e.class}: #{e.message}"[0, 4000]]
end

$stdin.binmode
$buffer.force_encoding('BINARY')
loop do
  line = take_line
  next unless line.start_with?('{') # a late word of the last candidate
  pid = fork do
    status, trace = run_tests(JSON.parse(line))
    RELAY.puts('=' + JSON.generate({ status: status, trace: trace.scrub('?') }))
    exit!(0)
  end
  $buffer.clear
  _, state = Process.wait2(pid)
  RELAY.puts('={"status":"Exception","trace":"the tests ended early"}') unless state.exitstatus == 0
end
