"""Racket programs by the status that they must get."""

L = "#lang racket\n"
PROGRAMS = {
    "OK": [
        L + '(define (add a b)\n  (eprintf "ERROR FAILURE \\0\\n")\n  (+ a b))',
        L + '(define (add a b)\n  (display (make-string 1000000 #\\E))\n  (+ a b))',
        L + "(require rackunit)\n(define (add a b) (+ a b))\n(check-equal? (add 1 1) 2)",
        L + "(define (add a b)\n  (define (check x) (+ x b))\n  (check a))",
    ],
    "Exception": [
        L + '(define (add a b)\n  (displayln "1 success(es) 0 failure(s)")\n  0)',
        "(define (add a b) (+ a b))",
        L + "(define (add a b) 0)\n(define (check-within . _) #t)",
        L + "(define (add a b) (- a b))",
        L + '(define (add a b) (error "no"))',
        L + "(define (add a b) (exit 3))",
        L + "(error 'top)\n(define (add a b) 3)",
        L + "(require rackunit)\n(current-check-handler void)\n(define (add a b) 0)",
        L + "(require rackunit)\n(current-check-around void)\n(define (add a b) 0)",
        L + "(current-eval (λ _ void))\n(define (add a b) 0)",
        L + "(current-compile (λ _ (error 'no)))\n(define (add a b) 0)",
        L + "(struct any () #:property prop:equal+hash"
        " (list (λ _ #t) (λ _ 1) (λ _ 1)))\n(define (add a b) (any))",
    ],
    "SyntaxError": [
        L + "(define (add a b) (+ a b)",
        L + "(define (add a b) (undefined_name a))",
        L + "(define (other a b) (+ a b))",
    ],
    "Incomplete": [
        L + "(define (add a b) (exit 0))",
        L + "(exit 0)\n(define (add a b) 0)",
        L + "(uncaught-exception-handler (λ _ (exit 0)))\n(define (add a b) (error \"no\"))",
    ],
    "Exception|Incomplete": [
        L + "(define (add a b)"
        " (abort-current-continuation (default-continuation-prompt-tag) void))",
        L + "(exit-handler void)\n(define (add a b) 0)",
        L + "(error-escape-handler (λ () (exit 0)))\n(define (add a b) (error \"no\"))",
    ],
    "Timeout": [L + "(define (add a b) (add a b))"],
    "OutputLimit": [L + "(define (add a b) (display (make-string 100000 #\\x)) (add a b))"],
}  # fmt: skip
