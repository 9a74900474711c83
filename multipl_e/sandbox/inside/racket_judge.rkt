;; Runs the tests, which come on standard input after the secret, against the candidate's module.
;; Their checks are defined here, so that no parameter of rackunit that the candidate may set has
;; a say; they mean what rackunit's mean. The tests are compiled before anything of the candidate is
;; loaded, so that no evaluator that it may set has a say either.
(module racket_judge racket/base
  (require (only-in ffi/unsafe/vm vm-primitive))
  ;; Loading and compiling allocate much that stays: a quarter of the collections is enough.
  ((vm-primitive 'collect-trip-bytes) (* 32 1024 1024))

  (define (within? x y epsilon)
    (let same? ([x x] [y y])
      (if (and (number? x) (number? y))
          (<= (magnitude (- x y)) epsilon)
          (equal?/recur x y same?))))

  (let* ([input (current-input-port)]
         [secret (read-line input)]
         [path (read-line input)]
         [name (string->symbol (read-line input))]
         [tests (let loop ()
                  (define form (read input))
                  (if (eof-object? form) '() (cons form (loop))))]
         [file (path->complete-path "candidate.rkt")]
         [write-out (lambda (port) (write-string secret port) (void))]
         [syntax-error?
          (lambda (e) (or (exn:fail:syntax? e) (exn:fail:read? e)))]
         [passed? #t]
         [check
          (lambda (name holds? . values)
            (unless holds?
              (set! passed? #f)
              (eprintf "FAILURE: ~a ~.s\n" name values)
              (exit 1)))]
         [checks
          (list
           (cons 'check-within
                 (lambda (x y epsilon . _)
                   (check 'check-within (within? x y epsilon) x y)))
           (cons 'check-equal? (lambda (x y . _) (check 'check-equal? (equal? x y) x y)))
           (cons 'check-not-equal?
                 (lambda (x y . _) (check 'check-not-equal? (not (equal? x y)) x y)))
           (cons 'check-eq? (lambda (x y . _) (check 'check-eq? (eq? x y) x y)))
           (cons 'check-eqv? (lambda (x y . _) (check 'check-eqv? (eqv? x y) x y)))
           (cons 'check-true (lambda (x . _) (check 'check-true (eq? x #t) x)))
           (cons 'check-false (lambda (x . _) (check 'check-false (eq? x #f) x)))
           (cons 'check-not-false (lambda (x . _) (check 'check-not-false x x)))
           (cons 'check-pred (lambda (p x . _) (check 'check-pred (p x) x)))
           (cons 'check-=
                 (lambda (x y epsilon . _)
                   (check 'check-= (<= (magnitude (- x y)) epsilon) x y))))])
    ;; The tests become one function of the candidate and the checks; what stands at the module's
    ;; top level there, stands in its body here, in the same order.
    (define body
      (for/list ([form (in-list tests)]
                 #:unless (equal? form '(require rackunit)))
        form))
    ;; It shares the modules with the candidate's namespace, but no names.
    (define fresh (variable-reference->empty-namespace (#%variable-reference)))
    (define run
      (parameterize ([current-namespace fresh])
        (namespace-require 'racket)
        (eval `(lambda (,name ,@(map car checks)) ,@body (void)))))
    (define candidate
      (with-handlers ([syntax-error?
                       (lambda (e)
                         ((error-display-handler) (exn-message e) e)
                         (exit 65))])
        (dynamic-require file (void))
        (dynamic-require file name)))
    (call-with-continuation-barrier
     (lambda ()
       (apply run candidate (map cdr checks))
       (when passed?
         (call-with-output-file path write-out #:exists 'truncate))))
    (flush-output (current-output-port))
    (exit 0)))
