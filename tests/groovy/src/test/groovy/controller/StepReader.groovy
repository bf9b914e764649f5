package controller

import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.control.SourceUnit

/** Reads blocks of steps, which are stricter than scripts: nothing but steps with the arguments that they take. */
class StepReader extends DirectiveReader {
    /** Steps that a declarative pipeline must not use outside of `script`. */
    private static final Map<String, String> BLOCKED = [
        stage: 'The stage step cannot be used in Declarative Pipelines',
        properties: 'The properties section has been renamed as of version 0.8. Use "options" instead.',
        parallel: 'The parallel step can only be used as the only top-level step in a stage\'s step block',
        pipeline: 'pipeline block must be at the top-level, not within another block.',
    ]

    StepReader(SourceUnit source) {
        super(source)
    }

    /** The block of a `steps` section or of a condition of `post`. */
    ClosureExpression block(MethodCallExpression call) {
        List<MethodCallExpression> steps = calls(body(call))
        if (!steps) {
            refuse(call, "No steps specified in ${call.methodAsString}")
        }
        steps.each { step(it) }
        body(call)
    }

    private void step(MethodCallExpression call) {
        String name = call.methodAsString
        if (BLOCKED.containsKey(name)) {
            refuse(call, "Invalid step \"${name}\" used - not allowed in this context - ${BLOCKED[name]}")
        }
        if (name == 'script') {
            body(call)
            return
        }
        List<Expression> given = arguments(call)
        ClosureExpression within = given && given.last() instanceof ClosureExpression ? given.last() : null
        // Anything that is no step may be a var, whose arguments are its own.
        if (Steps.TABLE.containsKey(name)) {
            arguments(call, within ? given.init() : given, Steps.declared(name))
            if (within) {
                calls(within).each { step(it) }
            }
        }
    }

    private void arguments(MethodCallExpression call, List<Expression> given, Declaration declared) {
        if (given.size() > 1) {
            refuse(call, "Arguments to \"${call.methodAsString}\" must be explicitly named.")
        }
        Expression value = given ? given[0] : new MapExpression()
        if (value instanceof MapExpression) {
            check(call, value, declared)
        } else if (declared.sole == null) {
            refuse(call, 'Step does not take a single required parameter - use named parameters instead')
        } else {
            check(call, map([(declared.sole): value]), declared)
        }
    }
}
