package controller

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.expr.ArgumentListExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.ListExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.TupleExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.ast.stmt.BlockStatement
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.customizers.CompilationCustomizer
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.syntax.SyntaxException

/**
 * The declarative parser: makes of `pipeline { }` a call of the interpreter (pipeline.groovy) with a map of its parts.
 * As strict as a controller's about sections and about what may stand in them; one that no var uses is refused.
 */
@CompileStatic
class DeclarativePipeline extends CompilationCustomizer {
    private static final String PLACE = 'pipeline'
    private static final List<String> PIPELINE = ['agent', 'options', 'parameters', 'stages', 'post']
    private static final List<String> STAGE = ['agent', 'steps']
    private static final List<String> CONDITIONS =
        ['always', 'aborted', 'failure', 'success', 'unstable', 'unsuccessful', 'cleanup']
    private static final List<String> OPTIONS = ['buildDiscarder', 'disableConcurrentBuilds', 'skipDefaultCheckout']
    private static final Map<String, List<String>> PARAMETERS = [
        choice: ['name', 'choices', 'description'],
        string: ['name', 'defaultValue', 'description', 'trim'],
        text: ['name', 'defaultValue', 'description'],
        booleanParam: ['name', 'defaultValue', 'description'],
    ]

    private SourceUnit source

    DeclarativePipeline() {
        super(CompilePhase.CONVERSION)
    }

    @Override
    void call(SourceUnit source, GeneratorContext context, ClassNode type) {
        this.source = source
        List<MethodCallExpression> found = pipelines(type.methods.find { it.name == 'run' })
        found = found ?: pipelines(type.methods.find { it.name == 'call' })
        if (found.size() > 1) {
            refuse(found[1], 'Only one pipeline { ... } block can be executed in a single run')
        }
        if (found) {
            forbidNames(type)
            found[0].arguments = new ArgumentListExpression(model(found[0]))
        }
    }

    /** A controller looks at the script itself, then at the first method that is named `call`. */
    private static List<MethodCallExpression> pipelines(MethodNode method) {
        if (!(method?.code instanceof BlockStatement)) {
            return []
        }
        ((BlockStatement) method.code).statements.collect { callIn(it) }.findAll { it?.methodAsString == PLACE }
    }

    private Expression model(MethodCallExpression pipeline) {
        Map<String, MethodCallExpression> sections = sections(body(pipeline), PIPELINE, PLACE)
        ['agent', 'stages'].each { if (!sections[it]) { refuse(pipeline, "Missing required section \"${it}\"") } }
        sections.options?.with { call -> calls(body(call)).each { known(it, OPTIONS, 'option') } }
        ListExpression parameters = new ListExpression()
        sections.parameters?.with { call -> calls(body(call)).each { parameters.addExpression(parameter(it)) } }
        ListExpression stages = new ListExpression()
        calls(body(sections.stages)).each { stages.addExpression(stage(it)) }
        map([agent: agent(sections.agent), parameters: parameters, stages: stages, post: post(sections.post)])
    }

    private Expression agent(MethodCallExpression call) {
        if (call == null) {
            return ConstantExpression.NULL
        }
        Expression argument = arguments(call).first()
        if (argument instanceof VariableExpression) {
            String word = ((VariableExpression) argument).name
            known(call, word, ['none', 'any'], 'agent')
            return word == 'none' ? ConstantExpression.NULL : new ConstantExpression('')
        }
        MethodCallExpression inner = calls((ClosureExpression) argument).first()
        known(inner, ['label'], 'agent')
        arguments(inner).first()
    }

    private Expression parameter(MethodCallExpression call) {
        known(call, PARAMETERS.keySet().toList(), 'parameter type')
        MapExpression given = (MapExpression) arguments(call).first()
        for (entry in given.mapEntryExpressions) {
            known(call, entry.keyExpression.text, PARAMETERS[call.methodAsString], "argument of ${call.methodAsString}")
        }
        given
    }

    private Expression stage(MethodCallExpression call) {
        known(call, ['stage'], 'section of stages')
        Map<String, MethodCallExpression> sections = sections(body(call), STAGE, 'stage')
        if (!sections.steps) {
            refuse(call, 'Expected one of "steps", "stages", or "parallel"')
        }
        map([name: arguments(call).first(), agent: agent(sections.agent), steps: steps(sections.steps)])
    }

    private Expression post(MethodCallExpression call) {
        Map<String, Expression> conditions = [:]
        if (call != null) {
            for (MethodCallExpression condition in calls(body(call))) {
                known(condition, CONDITIONS, 'post condition')
                conditions[condition.methodAsString] = steps(condition)
            }
        }
        map(conditions)
    }

    /** Only steps may stand in a `steps` section; anything more belongs into `script`. */
    private Expression steps(MethodCallExpression call) {
        ClosureExpression closure = body(call)
        if (!calls(closure)) {
            refuse(call, "No steps specified in ${call.methodAsString}")
        }
        closure
    }

    private Map<String, MethodCallExpression> sections(ClosureExpression closure, List<String> allowed, String where) {
        Map<String, MethodCallExpression> sections = [:]
        for (MethodCallExpression call in calls(closure)) {
            known(call, allowed, "section of ${where}")
            if (sections.put(call.methodAsString, call) != null) {
                refuse(call, "Multiple occurrences of the ${call.methodAsString} section")
            }
        }
        sections
    }

    /** The statements of a block, which must be calls, each on lines of its own. */
    private List<MethodCallExpression> calls(ClosureExpression closure) {
        int line = closure.lineNumber
        List<MethodCallExpression> calls = []
        for (Statement statement in ((BlockStatement) closure.code).statements) {
            MethodCallExpression call = callIn(statement)
            if (call == null || !call.implicitThis) {
                refuse(statement, 'Expected a step or a section')
            }
            if (calls && statement.lineNumber <= line) {
                refuse(statement, 'Expected each directive on a line of its own')
            }
            line = statement.lastLineNumber
            calls << call
        }
        calls
    }

    /** A section's name may name nothing else in a file that holds a pipeline. */
    private void forbidNames(ClassNode type) {
        List<String> sections = PIPELINE + STAGE
        DeclarativePipeline here = this
        for (MethodNode method in type.methods) {
            method.parameters.findAll { sections.contains(it.name) }.each {
                refuse(it, "a parameter cannot be named ${it.name}")
            }
            method.code.visit(new CodeVisitorSupport() {
                @Override
                void visitVariableExpression(VariableExpression variable) {
                    if (sections.contains(variable.name)) {
                        here.refuse(variable, "a variable cannot be named ${variable.name}")
                    }
                }
            })
        }
    }

    private ClosureExpression body(MethodCallExpression call) {
        Expression last = arguments(call) ? arguments(call).last() : null
        if (!(last instanceof ClosureExpression)) {
            refuse(call, "${call.methodAsString} needs a block")
        }
        (ClosureExpression) last
    }

    private static List<Expression> arguments(MethodCallExpression call) {
        Expression arguments = call.arguments
        arguments instanceof TupleExpression ?
            ((TupleExpression) arguments).expressions : [arguments]
    }

    private static MethodCallExpression callIn(Statement statement) {
        if (!(statement instanceof ExpressionStatement)) {
            return null
        }
        Expression expression = ((ExpressionStatement) statement).expression
        expression instanceof MethodCallExpression ? (MethodCallExpression) expression : null
    }

    private static MapExpression map(Map<String, Expression> entries) {
        MapExpression map = new MapExpression()
        entries.each { name, value -> map.addMapEntryExpression(new ConstantExpression(name), value) }
        map
    }

    private void known(MethodCallExpression call, List<String> allowed, String what) {
        known(call, call.methodAsString, allowed, what)
    }

    private void known(ASTNode place, String name, List<String> allowed, String what) {
        if (!allowed.contains(name)) {
            refuse(place, "Invalid ${what} \"${name}\"; valid: ${allowed.join(', ')}")
        }
    }

    private void refuse(ASTNode place, String message) {
        source.errorCollector.addFatalError(new SyntaxErrorMessage(
            new SyntaxException(message, place.lineNumber, place.columnNumber), source))
    }
}
