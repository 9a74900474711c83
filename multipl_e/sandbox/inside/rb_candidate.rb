# The candidate's side: load its file, then answer calls on descriptors 3 and 4. Never sees the
# tests.
require 'json'
require_relative 'rb_values'

module JudgeServer
  REQUESTS = IO.for_fd(3, 'r')
  ANSWERS = IO.for_fd(4, 'w')
  ANSWERS.sync = true

  def self.send_line(message)
    ANSWERS.puts(JSON.generate(message, max_nesting: false))
  end

  def self.failed(error)
    kind = error.class.ancestors.find { |c| c.is_a?(Class) && c.name }
    { error: error.is_a?(SyntaxError) ? 'SyntaxError' : kind.name,
      message: error.full_message(highlight: false).scrub('?')[0, 4000] }
  end

  def self.answer(message)
    args = Values.decode(message['args'])
    options = Values.decode(message['options'])
    value = TOPLEVEL_BINDING.receiver.send(message['call'], *args, **options)
    reply = { value: Values.encode(value) }
    after = Values.encode(args)
    reply[:changed] = after if after != message['args']
    reply
  rescue SystemExit, SignalException
    raise
  rescue Exception => e
    failed(e)
  end

  def self.serve
    while (line = REQUESTS.gets)
      message = JSON.parse(line, max_nesting: false)
      leave(0) if message['op']
      send_line(answer(message))
    end
    leave(0)
  end

  # Without the program's own hooks.
  def self.leave(code)
    $stdout.flush
    write_coverage if ENV['JUDGE_COVERAGE']
    exit!(code)
  end

  def self.write_coverage
    lines = Coverage.peek_result.fetch(FILE, [])
    ran = lines.each_index.select { |i| lines[i].to_i > 0 }.map { |i| i + 1 }
    File.write('coverage.txt', ran.join("\n"))
  end

  FILE = File.join(Dir.pwd, ARGV.shift)
end

if ENV['JUDGE_COVERAGE']
  require 'coverage'
  Coverage.start
  at_exit { JudgeServer.write_coverage }
  trap('TERM') { JudgeServer.leave(1) } # out of time
end
$0 = $PROGRAM_NAME = JudgeServer::FILE
begin
  require JudgeServer::FILE
rescue SyntaxError, StandardError, NoMemoryError, SystemStackError, NotImplementedError => e
  JudgeServer.send_line(JudgeServer.failed(e))
  JudgeServer.leave(1)
end
JudgeServer.send_line({ loaded: true })
JudgeServer.serve
