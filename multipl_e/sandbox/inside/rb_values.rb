# Plain values of Ruby as JSON and back, each with its class's letter; anything else is opaque.
# The methods are taken before a candidate can replace them.
module Values
  class Opaque; end # an object of the candidate's own: equal to nothing but itself

  FLOATS = { 'NaN' => Float::NAN, 'Infinity' => Float::INFINITY, '-Infinity' => -Float::INFINITY }.freeze

  def self.encode(value)
    case value
    when nil, true, false then value
    when Integer then { 'i' => value.to_s }
    when Float then { 'f' => value.to_s }
    when String then { 's' => [value].pack('m0'), 'b' => value.encoding == Encoding::BINARY }
    when Symbol then { 'y' => value.to_s }
    when Array then { 'a' => value.map { |v| encode(v) } }
    when Hash then { 'h' => value.map { |k, v| [encode(k), encode(v)] } }
    when Range then { 'r' => [encode(value.begin), encode(value.end), value.exclude_end?] }
    when Rational then { 'q' => value.to_s }
    when Complex then { 'c' => value.to_s }
    else value.class.name == 'Set' ? { 't' => value.to_a.map { |v| encode(v) } } : { 'x' => 0 }
    end
  end

  def self.decode(value)
    return value unless value.is_a?(Hash)
    kind, data = value.first
    case kind
    when 'i' then Integer(data, 10)
    when 'f' then FLOATS.fetch(data) { Float(data) }
    when 's'
      text = data.unpack1('m')
      value['b'] ? text : text.force_encoding(Encoding::UTF_8)
    when 'y' then data.to_sym
    when 'a' then data.map { |v| decode(v) }
    when 'h' then data.to_h { |k, v| [decode(k), decode(v)] }
    when 'r' then Range.new(decode(data[0]), decode(data[1]), data[2])
    when 'q' then Rational(data)
    when 'c' then Complex(data)
    when 't' then require('set') && nil || Set.new(data.map { |v| decode(v) })
    else Opaque.new
    end
  end

  def self.error(reply)
    kind = Object.const_get(reply['error']) if reply['error'].to_s.match?(/\A[A-Z]\w*\z/) &&
                                               Object.const_defined?(reply['error'])
    kind = RuntimeError unless kind.is_a?(Class) && kind <= StandardError
    kind.new(reply['message'].to_s)
  rescue StandardError
    RuntimeError.new(reply['message'].to_s)
  end
end
