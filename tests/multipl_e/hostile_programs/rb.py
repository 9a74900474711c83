"""Attacks in Ruby."""

TESTS = (
    "require 'test/unit'\nclass TestHumanEval < Test::Unit::TestCase\n  def test_attack\n"
    "    candidate = method(:attack)\n    assert_equal(true, candidate.call())\n  end\nend\n"
)

PROGRAMS = {
    "fork_bomb": """
def attack
  5000.times do
    fork { loop { begin; fork; rescue SystemCallError; sleep 0.01; end } }
  end
  true
rescue SystemCallError
  false
end
""",
    "memory_bomb": """
def attack
  Array.new(128) { 'x' * (64 << 20) }.size == 128
end
""",
    "disk_bomb": """
def attack
  128.times { |i| File.binwrite("/tmp/#{i}", 'x' * (16 << 20)) }
  true
rescue SystemCallError
  false
end
""",
    "output_bomb": """
def attack
  256.times { $stdout.write('x' * (1 << 20)) }
  true
end
""",
    "network": """
require 'socket'
def attack
  %w[127.0.0.1 ::1].any? { |host| TCPSocket.new(host, {port}) rescue false }
end
""",
    "host_files": """
def attack
  ['{secret}', '/proc/1/root{secret}', '/etc/shadow'].any? { |path| File.read(path) rescue false }
end
""",
    "host_write": """
def attack
  ['{folder}/hostile', '/usr/hostile', '/judge/inside/hostile', '/hostile'].any? do |path|
    File.write(path, 'x') rescue false
  end
end
""",
    "environment": """
def attack
  texts = Dir['/proc/[0-9]*/environ'].map { |path| File.read(path) rescue '' }
  [ENV.to_h.to_s, *texts].any? { |text| text.include?('JUDGE_HOST_SECRET') }
end
""",
    "parent_kill": """
def attack
  [1, Process.ppid, *(2..400), -1].each do |pid|
    next if pid == $$
    %w[KILL STOP].each { |signal| Process.kill(signal, pid) rescue 0 }
  end
  false
end
""",
    "symlink": """
def attack
  %w[. /tmp /dev/shm].any? do |place|
    begin
      File.symlink('{secret}', "#{place}/link")
      File.read("#{place}/link")
    rescue SystemCallError
      false
    end
  end
end
""",
    "ptrace": """
def attack
  (1...$$).any? { |pid| File.open("/proc/#{pid}/mem", 'r') rescue false }
end
""",
    "privileges": """
def attack
  begin
    Process::Sys.setuid(0)
    return true
  rescue SystemCallError
  end
  system('/usr/bin/unshare', '--user', '--map-root-user', 'true', err: '/dev/null') == true
end
""",
    "daemon": """
def attack
  fork do
    Process.setsid
    fork { exec(['/usr/bin/tail', '{marker}'], '-f', '/dev/null') }
  end
  true
end
""",
    "leftovers": """
def attack
  %w[/tmp /dev/shm /run /var/tmp . /work /judge].each do |folder|
    File.write("#{folder}/{marker}", 'x') rescue 0
  end
  true
end
""",
    "find_leftovers": """
def attack
  %w[/tmp /dev/shm /run /var/tmp . /work /judge].any? { |f| File.exist?("#{f}/{marker}") }
end
""",
}
