package rules

import com.cloudbees.groovy.cps.CpsDefaultGroovyMethods
import com.cloudbees.groovy.cps.CpsStringGroovyMethods
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.runtime.DefaultGroovyMethods
import org.codehaus.groovy.runtime.StringGroovyMethods
import org.codenarc.rule.AbstractAstVisitor
import org.codenarc.rule.AbstractAstVisitorRule

/**
 * Groovy's own methods call their closures outside of CPS, where they answer at once and wrongly; only those that
 * groovy-cps has translated may be used: `list.sort { … }` is wrong, `list.collect { … }` is right.
 */
class PlainClosureRule extends AbstractAstVisitorRule {
    String name = 'PlainClosure'
    int priority = 1
    Class astVisitorClass = PlainClosureVisitor
}

class PlainClosureVisitor extends AbstractAstVisitor {
    private static final Set<String> GROOVY = named(DefaultGroovyMethods, StringGroovyMethods)
    private static final Set<String> TRANSLATED = named(CpsDefaultGroovyMethods, CpsStringGroovyMethods)

    @Override
    void visitMethodCallExpression(MethodCallExpression call) {
        String method = call.methodAsString
        boolean plain = GROOVY.contains(method) && !TRANSLATED.contains(method)
        if (plain && !call.implicitThis && call.arguments.expressions.any { it instanceof ClosureExpression }) {
            addViolation(call, "${method} calls its closure outside of CPS; use a loop")
        }
        super.visitMethodCallExpression(call)
    }

    private static Set<String> named(Class... types) {
        types*.methods.flatten().findAll { Closure in it.parameterTypes }*.name as Set
    }
}
