package controller

import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.expr.ArgumentListExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.ast.stmt.BlockStatement
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.customizers.CompilationCustomizer

/**
 * The declarative parser: makes of `pipeline { }` a call of the interpreter (pipeline.groovy) with a map of its parts.
 * As strict as a controller's about sections and about what may stand in them; of those that no var has use for, such as
 * `matrix` and `tools`, it knows nothing.
 */
class DeclarativePipeline extends CompilationCustomizer {
    private static final String PLACE = 'pipeline'
    private static final List<String> PIPELINE = ['agent', 'environment', 'options', 'parameters', 'post', 'stages', 'triggers']

    DeclarativePipeline() {
        super(CompilePhase.CONVERSION)
    }

    @Override
    void call(SourceUnit source, GeneratorContext context, ClassNode type) {
        StageReader reader = new StageReader(source)
        List<MethodCallExpression> found = pipelines(type.methods.find { it.name == 'run' })
        found = found ?: pipelines(type.methods.find { it.name == 'call' })
        if (found.size() > 1) {
            reader.refuse(found[1], 'Only one pipeline { ... } block can be executed in a single run')
        }
        if (found) {
            forbidNames(type, reader)
            found[0].arguments = new ArgumentListExpression(model(found[0], reader))
        }
    }

    /** A controller looks at the script itself, then at the first method that is named `call`. */
    private static List<MethodCallExpression> pipelines(MethodNode method) {
        if (!(method?.code instanceof BlockStatement)) {
            return []
        }
        method.code.statements.collect { DirectiveReader.callIn(it) }.findAll { it?.methodAsString == PLACE }
    }

    private static Expression model(MethodCallExpression pipeline, StageReader reader) {
        Map<String, MethodCallExpression> sections = reader.sections(reader.body(pipeline), PIPELINE, PLACE)
        ['agent', 'stages'].each {
            if (!sections[it]) {
                reader.refuse(pipeline, "Missing required section \"${it}\"")
            }
        }
        reader.map([
            agent: reader.agent(sections.agent),
            environment: reader.environment(sections.environment),
            options: reader.options(sections.options, false),
            parameters: reader.parameters(sections.parameters),
            triggers: reader.triggers(sections.triggers),
            stages: reader.stages(sections.stages),
            post: reader.post(sections.post),
        ])
    }

    /** A section's name may name nothing else in a file that holds a pipeline. */
    private static void forbidNames(ClassNode type, StageReader reader) {
        List<String> sections = PIPELINE + ['steps', 'when']
        for (MethodNode method in type.methods) {
            method.parameters.findAll { sections.contains(it.name) }.each {
                reader.refuse(it, "a parameter cannot be named ${it.name}")
            }
            method.code.visit(new CodeVisitorSupport() {
                @Override
                void visitVariableExpression(VariableExpression variable) {
                    if (sections.contains(variable.name)) {
                        reader.refuse(variable, "a variable cannot be named ${variable.name}")
                    }
                }
            })
        }
    }
}
