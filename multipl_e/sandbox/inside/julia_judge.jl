# Reads the secret and the tests, then loads the candidate, then runs the tests with checks of its own.
function judge()
    secret, path, text = split(read(stdin, String), "\n"; limit = 3)
    check(holds, said) = holds === true || error("a test failed: $said")
    function rewritten(form)
        form isa Expr || return form
        if form.head === :macrocall && form.args[1] === Symbol("@testset")
            return rewritten(form.args[end])
        elseif form.head === :macrocall && form.args[1] === Symbol("@test")
            return Expr(:call, check, form.args[3], string(form.args[3]))
        end
        return Expr(form.head, map(rewritten, form.args)...)
    end
    isusing(form) = form isa Expr && form.head === :using
    forms = filter(!isusing, Meta.parseall(text).args)
    try
        Base.include(Main, joinpath(pwd(), "candidate.jl"))
    catch error
        showerror(stderr, error)
        cause = error isa LoadError ? error.error : error
        exit(cause isa ErrorException || cause isa Meta.ParseError ? 65 : 1)
    end
    foreach(form -> Core.eval(Main, rewritten(form)), forms)
    write(path, secret)
    flush(stdout)
    exit(0)
end

judge()
