-- Plain values of Lua as one line of text and back; what is no plain value is opaque.
local values = {}
local format, byte, char, sub, gsub, find = string.format, string.byte, string.char, string.sub, string.gsub, string.find
local type, pairs, tostring, tonumber, rawset = type, pairs, tostring, tonumber, rawset
local integer, concat, error, next = math.type, table.concat, error, next

local function escape(text)
    return (gsub(text, '[^ -%[%]-~]', function(c) return format('\\%02x', byte(c)) end))
end

local function unescape(text)
    return (gsub(text, '\\(%x%x)', function(hex) return char(tonumber(hex, 16)) end))
end

local function put(out, value, depth)
    if depth > 180 then error('a value that is nested too deeply', 0) end
    local kind = type(value)
    if kind == 'nil' then out[#out + 1] = 'n'
    elseif kind == 'boolean' then out[#out + 1] = value and 't' or 'f'
    elseif kind == 'number' then
        if integer(value) == 'integer' then out[#out + 1] = format('i%d;', value)
        elseif value ~= value then out[#out + 1] = 'dnan;'
        elseif value == 1 / 0 or value == -1 / 0 then out[#out + 1] = value > 0 and 'dinf;' or 'd-inf;'
        else out[#out + 1] = format('d%a;', value) end
    elseif kind == 'string' then out[#out + 1] = format('s%d:', #value) .. value
    elseif kind == 'table' then
        out[#out + 1] = '{'
        for k, v in next, value do
            put(out, k, depth + 1)
            put(out, v, depth + 1)
        end
        out[#out + 1] = '}'
    else out[#out + 1] = 'x' end
end

local function get(text, at)
    local kind = sub(text, at, at)
    if kind == 'n' then return nil, at + 1
    elseif kind == 't' then return true, at + 1
    elseif kind == 'f' then return false, at + 1
    elseif kind == 'x' then return function() error('not callable') end, at + 1
    elseif kind == 'i' or kind == 'd' then
        local stop = find(text, ';', at, true)
        local word = sub(text, at + 1, stop - 1)
        if word == 'nan' then return 0 / 0, stop + 1 end
        if word == 'inf' or word == '-inf' then return word == 'inf' and 1 / 0 or -1 / 0, stop + 1 end
        local number = tonumber(word)
        return kind == 'd' and number + 0.0 or number, stop + 1
    elseif kind == 's' then
        local stop = find(text, ':', at, true)
        local last = stop + tonumber(sub(text, at + 1, stop - 1))
        return sub(text, stop + 1, last), last + 1
    elseif kind == '{' then
        local made, key, value = {}, nil, nil
        at = at + 1
        while sub(text, at, at) ~= '}' do
            key, at = get(text, at)
            value, at = get(text, at)
            if key ~= nil and key == key then rawset(made, key, value) end
        end
        return made, at + 1
    end
    error('not a value', 0)
end

-- Any number of values, with their count in front.
function values.encode(count, ...)
    local out = { format('i%d;', count) }
    local all = { ... }
    for i = 1, count do put(out, all[i], 0) end
    return escape(concat(out))
end

-- The count and a table of the values.
function values.decode(line)
    local text = unescape(line)
    local count, at = get(text, 1)
    local all = {}
    for i = 1, count do all[i], at = get(text, at) end
    return count, all
end

return values
