package controller

import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.control.SourceUnit

/** Reads what a pipeline and its stages consist of. */
class StageReader extends DirectiveReader {
    static final List<String> STAGE = ['agent', 'environment', 'failFast', 'input', 'options', 'parallel', 'post', 'stages',
        'steps', 'when']
    static final List<String> CONDITIONS = ['always', 'changed', 'fixed', 'regression', 'aborted', 'success', 'unsuccessful',
        'unstable', 'failure', 'notBuilt', 'cleanup']
    /** Options that are steps around the rest. */
    static final List<String> WRAPPERS = ['catchError', 'lock', 'retry', 'timeout', 'timestamps', 'waitUntil', 'warnError',
        'withCredentials']
    static final Map<String, Declaration> OPTIONS = [
        checkoutToSubdirectory: new Declaration('checkoutToSubdirectory', [subdirectory: String], ['subdirectory']),
        disableRestartFromStage: new Declaration('disableRestartFromStage', [:], []),
        newContainerPerStage: new Declaration('newContainerPerStage', [:], []),
        parallelsAlwaysFailFast: new Declaration('parallelsAlwaysFailFast', [:], []),
        quietPeriod: new Declaration('quietPeriod', [quietPeriod: Integer], ['quietPeriod']),
        skipDefaultCheckout: new Declaration('skipDefaultCheckout', [skipDefaultCheckout: Boolean], ['skipDefaultCheckout']),
        skipStagesAfterUnstable: new Declaration('skipStagesAfterUnstable', [:], []),
    ]
    private static final List<String> STAGE_OPTIONS = ['checkoutToSubdirectory', 'skipDefaultCheckout']
    private static final List<String> NO_OPTIONS = ['parameters', 'pipelineTriggers']
    private static final Map<String, Map<String, Object>> AGENTS = [
        label: [label: String],
        node: [label: String, customWorkspace: String, retries: Integer],
        kubernetes: NodeSteps.POD.findAll { it.key != 'containers' } +
            [containerTemplates: Object, containerTemplate: Object, defaultContainer: String, yamlFile: String,
                customWorkspace: String, retries: Integer],
    ]
    private static final Map<String, Declaration> WHENS = [
        branch: new Declaration('branch', [pattern: String, comparator: String], ['pattern']),
        buildingTag: new Declaration('buildingTag', [:], []),
        changeRequest: new Declaration('changeRequest', [id: String, target: String, branch: String, fork: String, url: String,
            title: String, author: String, authorDisplayName: String, authorEmail: String, comparator: String], []),
        environment: new Declaration('environment', [name: String, value: String, ignoreCase: Boolean], ['name', 'value']),
        equals: new Declaration('equals', [expected: Object, actual: Object], ['expected', 'actual']),
        tag: new Declaration('tag', [pattern: String, comparator: String], ['pattern']),
        triggeredBy: new Declaration('triggeredBy', [cause: String, detail: String], ['cause']),
    ]
    private static final List<String> NESTED = ['allOf', 'anyOf', 'not']
    private static final List<String> BEFORE = ['beforeAgent', 'beforeInput', 'beforeOptions']
    private static final List<String> INPUT = ['message', 'id', 'ok', 'cancel', 'submitter', 'submitterParameter', 'parameters']

    private final StepReader steps

    StageReader(SourceUnit source) {
        super(source)
        steps = new StepReader(source)
    }

    Expression agent(MethodCallExpression call) {
        if (call == null) {
            return ConstantExpression.NULL
        }
        Expression argument = arguments(call) ? arguments(call).first() : null
        if (argument instanceof VariableExpression && argument.name in ['none', 'any']) {
            return map(argument.name == 'none' ? [kind: new ConstantExpression('none')] :
                [kind: new ConstantExpression('node'), given: lazy(map([label: new ConstantExpression('')]))])
        }
        if (!(argument instanceof ClosureExpression)) {
            refuse(call, 'Only "agent none", "agent any" or "agent {...}" are allowed.')
        }
        List<MethodCallExpression> kinds = filled(call)
        if (kinds.size() > 1) {
            refuse(call, 'Only one agent type is allowed per agent section')
        }
        MethodCallExpression kind = kinds.first()
        known(kind, AGENTS.keySet(), 'agent type')
        map([kind: new ConstantExpression(kind.methodAsString == 'kubernetes' ? 'kubernetes' : 'node'),
            given: lazy(kind.methodAsString == 'label' ? map([label: arguments(kind).first()]) : fields(kind, AGENTS[kind.methodAsString].keySet()))])
    }

    /** `key value` in each line. */
    private MapExpression fields(MethodCallExpression call, Collection<String> allowed) {
        Map<String, Expression> found = [:]
        for (MethodCallExpression field in (arguments(call) ? calls(body(call)) : [])) {
            known(field, allowed, "config option of ${call.methodAsString}")
            if (arguments(field).size() != 1) {
                refuse(field, "${arguments(field) ? 'Too many arguments' : 'No argument'} for key \"${field.methodAsString}\"")
            }
            found[field.methodAsString] = arguments(field).first()
        }
        map(found)
    }

    Expression options(MethodCallExpression call, boolean inStage) {
        Collection<String> properties = inStage ? [] : Kinds.PROPERTY.symbols.findAll { !(it in NO_OPTIONS) }
        Collection<String> allowed = (inStage ? STAGE_OPTIONS : OPTIONS.keySet()) + properties + WRAPPERS
        List<String> names = []
        list(call == null ? [] : filled(call).collect { MethodCallExpression option ->
            String name = option.methodAsString
            known(option, allowed, 'option type')
            if (names.contains(name)) {
                refuse(option, "Duplicate option name: \"${name}\"")
            }
            names << name
            Declaration declared = OPTIONS[name] ?: Steps.declared(name) ?: Kinds.PROPERTY[name]
            map([name: new ConstantExpression(name), given: described(option, declared)])
        })
    }

    Expression parameters(MethodCallExpression call) {
        list(call == null ? [] : filled(call).collect { described(Kinds.PARAMETER, it, 'parameter type') })
    }

    Expression triggers(MethodCallExpression call) {
        list(call == null ? [] : filled(call).collect { described(Kinds.TRIGGER, it, 'trigger type') })
    }

    private Expression described(Kind kind, MethodCallExpression call, String what) {
        known(call, kind.symbols, what)
        map([symbol: new ConstantExpression(call.methodAsString), given: described(call, kind[call.methodAsString])])
    }

    Expression environment(MethodCallExpression call) {
        call == null ? new MapExpression() : assignments(call)
    }

    Expression stages(MethodCallExpression call, boolean parallel = false) {
        List<MethodCallExpression> found = filled(call)
        List<String> names = []
        list(found.collect { MethodCallExpression each ->
            known(each, ['stage'], "section of ${call.methodAsString}")
            Expression name = arguments(each) ? arguments(each).first() : null
            if (name == null || name instanceof ClosureExpression) {
                refuse(each, 'Expected a stage name but did not find any')
            }
            if (parallel && names.contains(name.text)) {
                refuse(each, "Duplicate stage name: \"${name.text}\"")
            }
            names << name.text
            stage(each, name, parallel)
        })
    }

    private Expression stage(MethodCallExpression call, Expression name, boolean withinParallel) {
        Map<String, MethodCallExpression> found = sections(body(call), STAGE, 'stage')
        List<String> works = ['steps', 'stages', 'parallel'].findAll { found[it] }
        if (works.empty) {
            refuse(call, "Expected one of \"steps\", \"stages\", or \"parallel\" for stage \"${name.text}\"")
        }
        if (works.size() > 1) {
            refuse(call, "Only one of \"matrix\", \"parallel\", \"stages\", or \"steps\" allowed for stage \"${name.text}\"")
        }
        if (found.parallel && withinParallel) {
            refuse(found.parallel, '"matrix" or "parallel" cannot be nested inside another "matrix" or "parallel".')
        }
        if (found.parallel && found.agent) {
            refuse(found.agent, "\"agent\" is not allowed in stage \"${name.text}\" as it contains parallel or matrix stages")
        }
        map([
            name: name,
            agent: agent(found.agent),
            environment: environment(found.environment),
            options: options(found.options, true),
            when: when(found.when),
            input: input(found.input),
            steps: found.steps ? steps.block(found.steps) : ConstantExpression.NULL,
            stages: found.stages ? stages(found.stages, withinParallel) : ConstantExpression.NULL,
            parallel: found.parallel ? stages(found.parallel, true) : ConstantExpression.NULL,
            failFast: found.failFast ? arguments(found.failFast).first() : ConstantExpression.NULL,
            post: post(found.post),
        ])
    }

    Expression post(MethodCallExpression call) {
        Map<String, Expression> conditions = [:]
        for (MethodCallExpression condition in (call == null ? [] : filled(call))) {
            known(condition, CONDITIONS, 'post condition')
            if (conditions.containsKey(condition.methodAsString)) {
                refuse(condition, "Duplicate build condition name: \"${condition.methodAsString}\"")
            }
            conditions[condition.methodAsString] = steps.block(condition)
        }
        map(conditions)
    }

    private Expression when(MethodCallExpression call) {
        if (call == null) {
            return ConstantExpression.NULL
        }
        List<MethodCallExpression> found = filled(call)
        List<MethodCallExpression> conditions = found.findAll { !BEFORE.contains(it.methodAsString) }
        if (!conditions) {
            refuse(call, 'Empty when closure, remove the property or add some content.')
        }
        map((found - conditions).collectEntries { [(it.methodAsString): arguments(it).first()] } +
            [conditions: list(conditions.collect { condition(it) })])
    }

    private Expression condition(MethodCallExpression call) {
        String name = call.methodAsString
        known(call, NESTED + WHENS.keySet() + 'expression', 'when conditional')
        if (name in NESTED) {
            List<MethodCallExpression> children = filled(call)
            if (name == 'not' && children.size() != 1) {
                refuse(call, 'Nested when condition "not" requires exactly 1 child condition(s).')
            }
            return map([name: new ConstantExpression(name), children: list(children.collect { condition(it) })])
        }
        map([name: new ConstantExpression(name),
            given: name == 'expression' ? body(call) : lazy(described(call, WHENS[name]))])
    }

    private Expression input(MethodCallExpression call) {
        if (call == null) {
            return ConstantExpression.NULL
        }
        Map<String, Expression> given = [:]
        if (arguments(call).first() instanceof ClosureExpression) {
            for (MethodCallExpression field in filled(call)) {
                known(field, INPUT, 'field for input')
                given[field.methodAsString] = field.methodAsString == 'parameters' ? parameters(field) : arguments(field).first()
            }
        } else {
            given.message = arguments(call).first()
        }
        if (!given.message) {
            refuse(call, 'No message specified for input')
        }
        lazy(map(given))
    }
}
