package rules

import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.BitwiseNegationExpression
import org.codehaus.groovy.ast.expr.ConstructorCallExpression
import org.codehaus.groovy.ast.expr.GStringExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.syntax.Types
import org.codenarc.rule.AbstractAstVisitor
import org.codenarc.rule.AbstractAstVisitorRule

/** A var does what only Jenkins can do: no patterns, no objects of its own, no values pasted into shell scripts. */
class ThinRule extends AbstractAstVisitorRule {
    String name = 'Thin'
    int priority = 1
    Class astVisitorClass = ThinVisitor
}

class ThinVisitor extends AbstractAstVisitor {
    @Override
    void visitBinaryExpression(BinaryExpression expression) {
        if (expression.operation.type in [Types.FIND_REGEX, Types.MATCH_REGEX]) {
            addViolation(expression, 'a var does not match patterns; let modelyard do it')
        }
        super.visitBinaryExpression(expression)
    }

    @Override
    void visitBitwiseNegationExpression(BitwiseNegationExpression expression) {
        addViolation(expression, 'a var has no patterns; let modelyard do it')
        super.visitBitwiseNegationExpression(expression)
    }

    @Override
    void visitConstructorCallExpression(ConstructorCallExpression call) {
        addViolation(call, "a var makes no ${call.type.name}; maps and lists can be kept across steps")
        super.visitConstructorCallExpression(call)
    }

    @Override
    void visitMethodCallExpression(MethodCallExpression call) {
        if (call.methodAsString == 'sh' && hasComposedText(call)) {
            addViolation(call, 'values reach a shell script in variables and files, not in its text')
        }
        super.visitMethodCallExpression(call)
    }

    private static boolean hasComposedText(MethodCallExpression call) {
        List arguments = call.arguments.expressions
        List named = arguments.findAll { it instanceof MapExpression }*.mapEntryExpressions.flatten()
        List scripts = arguments + named.findAll { it.keyExpression.text == 'script' }*.valueExpression
        scripts.any { it instanceof GStringExpression || it instanceof BinaryExpression }
    }
}
