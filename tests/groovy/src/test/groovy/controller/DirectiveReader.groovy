package controller

import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.Parameter
import org.codehaus.groovy.ast.VariableScope
import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.ListExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.NamedArgumentListExpression
import org.codehaus.groovy.ast.expr.TupleExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.ast.stmt.BlockStatement
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.ast.stmt.ReturnStatement
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.syntax.SyntaxException

/** Reads blocks of directives, which are calls, and refuses as the declarative parser of Jenkins does. */
class DirectiveReader {
    protected final SourceUnit source

    DirectiveReader(SourceUnit source) {
        this.source = source
    }

    /** Directives by name, none of them twice. */
    Map<String, MethodCallExpression> sections(ClosureExpression closure, List<String> allowed, String where) {
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
    List<MethodCallExpression> calls(ClosureExpression closure) {
        int line = closure.lineNumber
        List<MethodCallExpression> calls = []
        for (Statement statement in closure.code.statements) {
            MethodCallExpression call = callIn(statement)
            if (call == null) {
                refuse(statement, 'Expected a step or a section')
            }
            if (!call.implicitThis) {
                refuse(statement, 'Expected a step or a section: method calls on objects not allowed outside "script" blocks')
            }
            if (calls && statement.lineNumber <= line) {
                refuse(statement, 'Expected each directive on a line of its own')
            }
            line = statement.lastLineNumber
            calls << call
        }
        calls
    }

    /** The calls of a block, of which there must be one. */
    List<MethodCallExpression> filled(MethodCallExpression call) {
        List<MethodCallExpression> found = calls(body(call))
        if (!found) {
            refuse(call, "${call.methodAsString} can not be empty")
        }
        found
    }

    ClosureExpression body(MethodCallExpression call) {
        Expression last = arguments(call) ? arguments(call).last() : null
        if (!(last instanceof ClosureExpression)) {
            refuse(call, "Expected a block: ${call.methodAsString} needs one")
        }
        last
    }

    static List<Expression> arguments(MethodCallExpression call) {
        Expression arguments = call.arguments
        if (arguments instanceof TupleExpression) {
            return arguments.expressions.collect { named(it) ?: it }
        }
        [arguments]
    }

    private static MapExpression named(Expression argument) {
        argument instanceof NamedArgumentListExpression ? new MapExpression(argument.mapEntryExpressions) : null
    }

    static MethodCallExpression callIn(Statement statement) {
        Expression expression = statement instanceof ExpressionStatement ? statement.expression : null
        expression instanceof MethodCallExpression ? expression : null
    }

    /** Arguments as a map, by name; what is given alone gets the name that the declaration has for it. */
    MapExpression described(MethodCallExpression call, Declaration declared) {
        List<Expression> given = arguments(call)
        if (given.size() > 1) {
            refuse(call, "Arguments to \"${call.methodAsString}\" must be explicitly named.")
        }
        if (!given) {
            return check(call, new MapExpression(), declared)
        }
        if (given[0] instanceof MapExpression) {
            return check(call, given[0], declared)
        }
        if (declared.sole == null) {
            refuse(call, 'Step does not take a single required parameter - use named parameters instead')
        }
        check(call, map([(declared.sole): given[0]]), declared)
    }

    /** Names, needed ones, and the types of what is written out. */
    MapExpression check(MethodCallExpression call, MapExpression given, Declaration declared) {
        List<String> names = given.mapEntryExpressions*.keyExpression*.text
        for (entry in given.mapEntryExpressions) {
            String name = entry.keyExpression.text
            if (!declared.takes.containsKey(name)) {
                refuse(call, "Invalid parameter \"${name}\" of ${call.methodAsString}; it takes ${declared.takes.keySet()}")
            }
            literal(call, name, declared.takes[name], entry.valueExpression)
        }
        declared.needs.findAll { !names.contains(it) && declared.takes[it] != Boolean }.each {
            refuse(call, "Missing required parameter: \"${it}\"")
        }
        given
    }

    private void literal(MethodCallExpression call, String name, Object type, Expression value) {
        Object written = value instanceof ConstantExpression ? value.value : null
        boolean wrong = type == String && (written instanceof Number || written instanceof Boolean) ||
            type in [Integer, Long] && (written instanceof String || written instanceof Boolean) ||
            type == Boolean && written instanceof Number
        if (wrong) {
            refuse(call, "Expecting \"${type.simpleName}\" for parameter \"${name}\" but got \"${written}\" of type ${written.getClass()} instead")
        }
    }

    /** `NAME = value` in each line: name -> closure that answers the value. */
    MapExpression assignments(MethodCallExpression call) {
        Map<String, Expression> found = [:]
        for (Statement statement in body(call).code.statements) {
            Expression expression = statement instanceof ExpressionStatement ? statement.expression : null
            if (!(expression instanceof BinaryExpression && expression.operation.text == '=' &&
                expression.leftExpression instanceof VariableExpression)) {
                refuse(statement, 'Expected name=value pairs')
            }
            String name = expression.leftExpression.name
            if (found.containsKey(name)) {
                refuse(statement, "Duplicate environment variable name: \"${name}\"")
            }
            value(expression.rightExpression)
            found[name] = lazy(bound(expression.rightExpression) ?: expression.rightExpression)
        }
        if (!found) {
            refuse(call, 'No variables specified for environment')
        }
        map(found)
    }

    /** `credentials('id')` is known here only. */
    private MapExpression bound(Expression value) {
        boolean bound = value instanceof MethodCallExpression && value.methodAsString == 'credentials'
        bound ? map([credentials: arguments(value).first()]) : null
    }

    private void value(Expression value) {
        String kind = value.getClass().simpleName
        if (value instanceof BinaryExpression && value.operation.text == '+') {
            value(value.leftExpression)
            value(value.rightExpression)
        } else if (!(kind in ['GStringExpression', 'MethodCallExpression']) &&
            !(value instanceof ConstantExpression && value.value instanceof String)) {
            refuse(value, 'Environment variable values must either be single quoted, double quoted, or function calls.')
        }
    }

    /** A closure that answers an expression when it is called. */
    static ClosureExpression lazy(Expression value) {
        ReturnStatement answer = new ReturnStatement(value)
        answer.sourcePosition = value
        BlockStatement block = new BlockStatement([answer] as Statement[], new VariableScope())
        ClosureExpression closure = new ClosureExpression(Parameter.EMPTY_ARRAY, block)
        closure.variableScope = new VariableScope()
        closure.sourcePosition = value
        closure
    }

    static MapExpression map(Map<String, Expression> entries) {
        MapExpression map = new MapExpression()
        entries.each { name, value -> map.addMapEntryExpression(new ConstantExpression(name), value ?: ConstantExpression.NULL) }
        map
    }

    static ListExpression list(Collection<Expression> values) {
        new ListExpression(values.toList())
    }

    void known(MethodCallExpression call, Collection<String> allowed, String what) {
        known(call, call.methodAsString, allowed, what)
    }

    void known(ASTNode place, String name, Collection<String> allowed, String what) {
        if (!allowed.contains(name)) {
            refuse(place, "Invalid ${what} \"${name}\"; valid: ${allowed.join(', ')}")
        }
    }

    void refuse(ASTNode place, String message) {
        source.errorCollector.addFatalError(new SyntaxErrorMessage(
            new SyntaxException(message, place.lineNumber, place.columnNumber), source))
    }
}
