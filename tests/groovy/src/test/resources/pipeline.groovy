/* Runs what DeclarativePipeline made of a `pipeline { }`, in the order in which a controller does (ModelInterpreter of
   pipeline-model-definition). */

import controller.Declarative
import controller.MissingContextVariableException
import controller.StageReader

void call(Map model) {
    boolean concluded = false
    Throwable failure = null
    try {
        Declarative.configure(model)
        onAgent(model.agent, model.options) {
            withVariables(model.environment) {
                withOptions(model.options) {
                    failure = null
                    failure = runStages(model.stages, null)
                    concluded = true
                    failure = conclude(model.post, failure)
                    if (failure) {
                        throw failure
                    }
                }
            }
        }
    } catch (Throwable thrown) {
        failure = failure ?: thrown
    }
    if (!concluded) {
        failure = conclude(model.post, failure)
    }
    if (failure) {
        throw failure
    }
}

Throwable conclude(Map post, Throwable failure) {
    Throwable first = failure
    if (Declarative.anyHolds(post, failure, null)) {
        try {
            stage('Declarative: Post Actions') {
                first = afterwards(post, failure, null)
            }
        } catch (Throwable thrown) {
            first = first ?: thrown
        }
    }
    first
}

/** One stage after the other; after a failure the others are skipped. @return the failure */
Throwable runStages(List stages, Throwable earlier) {
    Throwable failure = earlier
    for (Map declared in stages) {
        try {
            runStage(declared, failure, null)
        } catch (Throwable thrown) {
            failure = failure ?: thrown
        }
    }
    failure
}

void runStage(Map declared, Throwable earlier, String skipped) {
    stage(declared.name) {
        String why = skipped ?: (earlier ? 'earlier failure(s)' : null)
        if (!why && currentBuild.result == 'UNSTABLE' && Declarative.has('skipStagesAfterUnstable')) {
            why = 'earlier stage(s) marking the build as unstable'
        }
        Throwable failure = null
        if (why) {
            skip(declared, why)
        } else {
            failure = work(declared)
        }
        if (failure ?: earlier) {
            throw failure ?: earlier
        }
    }
}

void skip(Map declared, String why) {
    Declarative.skip(declared.name, why)
    for (Map within in (declared.stages ?: declared.parallel ?: [])) {
        runStage(within, null, why)
    }
}

/** All of one stage but for the skipping. @return its failure */
Throwable work(Map declared) {
    Throwable failure = null
    Map seen = [passed: declared.when == null]
    try {
        if (passes(declared.when, seen, 'beforeOptions')) {
            withOptions(declared.options) {
                if (passes(declared.when, seen, 'beforeInput')) {
                    afterInput(declared.input) {
                        if (passes(declared.when, seen, declared.parallel ? null : 'beforeAgent')) {
                            within(declared, seen)
                        }
                    }
                }
            }
        }
        if (!seen.passed) {
            skip(declared, 'when conditional')
        }
    } catch (Throwable thrown) {
        failure = thrown
    }
    if (declared.parallel && seen.passed && Declarative.anyHolds(declared.post, failure, declared.name)) {
        Declarative.tell('Post stage')
        failure = afterwards(declared.post, failure, declared.name)
    }
    failure
}

void within(Map declared, Map seen) {
    if (declared.parallel) {
        withVariables(declared.environment) {
            branches(declared)
        }
        return
    }
    onAgent(declared.agent, declared.options) {
        if (passes(declared.when, seen, null)) {
            withVariables(declared.environment) {
                Throwable failure = null
                try {
                    if (declared.stages) {
                        failure = runStages(declared.stages, null)
                    } else {
                        withNodeOrTold(declared.steps)
                    }
                } catch (Throwable thrown) {
                    failure = thrown
                }
                if (Declarative.anyHolds(declared.post, failure, declared.name)) {
                    Declarative.tell('Post stage')
                    failure = afterwards(declared.post, failure, declared.name)
                }
                if (failure) {
                    throw failure
                }
            }
        }
    }
}

void withNodeOrTold(Closure work) {
    try {
        work.call()
    } catch (MissingContextVariableException absent) {
        Declarative.tellFailure(absent)
        error('Attempted to execute a step that requires a node context while ‘agent none’ was specified. Be sure to ' +
            'specify your own ‘node { ... }’ blocks when using ‘agent none’.')
    }
}

void branches(Map declared) {
    Map branches = [:]
    for (Map each in declared.parallel) {
        Map branch = each
        branches[branch.name] = { runStage(branch, null, null) }
    }
    if (declared.failFast || Declarative.has('parallelsAlwaysFailFast')) {
        branches.failFast = true
    }
    parallel(branches)
}

/** Whether a stage goes on at this point: `when` is looked at last of all, but where it says an earlier point. */
boolean passes(Map declared, Map seen, String point) {
    if (!seen.passed && (point == null || declared[point])) {
        seen.passed = allOf(declared.conditions)
    } else if (!seen.passed) {
        return true
    }
    seen.passed
}

boolean allOf(List conditions) {
    for (Map condition in conditions) {
        if (!met(condition)) {
            return false
        }
    }
    true
}

boolean met(Map condition) {
    switch (condition.name) {
        case 'allOf': return allOf(condition.children)
        case 'not': return !met(condition.children[0])
        case 'expression': return condition.given.call() ? true : false
        case 'anyOf':
            for (Map child in condition.children) {
                if (met(child)) {
                    return true
                }
            }
            return false
        default: return Declarative.met(condition.name, condition.given.call())
    }
}

void afterInput(Closure declared, Closure body) {
    if (declared == null) {
        body.call()
        return
    }
    Map given = declared.call()
    List parameters = Declarative.describe(given.parameters)
    Object answer = input(given + [parameters: parameters])
    List variables = []
    if (answer instanceof Map) {
        variables = answer.collect { name, value -> "${name}=${value}" }
    } else if (given.submitterParameter) {
        variables = ["${given.submitterParameter}=${answer}"]
    } else if (parameters) {
        variables = ["${given.parameters[0].given.name}=${answer}"]
    }
    withEnv(variables) {
        body.call()
    }
}

/** An agent brings a checkout, and the variables of that; `none` and no agent at all bring nothing. */
void onAgent(Map agent, List options, Closure body) {
    if (agent == null || agent.kind == 'none') {
        body.call()
        return
    }
    Map given = agent.given.call()
    Closure there = { String label ->
        node(label) {
            withCheckout(options) {
                if (given.defaultContainer) {
                    container(given.defaultContainer) {
                        body.call()
                    }
                } else {
                    body.call()
                }
            }
        }
    }
    Closure work = { there.call(given.label) }
    if (agent.kind == 'kubernetes') {
        Map pod = given.findAll { name, value -> !['containerTemplates', 'containerTemplate', 'defaultContainer', 'yamlFile',
            'customWorkspace', 'retries', 'label'].contains(name) }
        work = {
            podTemplate(pod) {
                there.call(env.POD_LABEL)
            }
        }
    }
    if (given.retries) {
        retry(count: given.retries, conditions: [kubernetesAgent(handleNonKubernetes: true), nonresumable()]) {
            work.call()
        }
    } else {
        work.call()
    }
}

void withCheckout(List options, Closure body) {
    Map revision = Declarative.checksOut(options) ? checkout(scm) : [:]
    withEnv(revision.collect { name, value -> "${name}=${value}" }) {
        body.call()
    }
}

void withVariables(Map variables, Closure body) {
    withNext(variables.keySet().toList(), variables, body)
}

/** One after the other, so that each may use those before. */
void withNext(List names, Map variables, Closure body) {
    if (!names) {
        body.call()
        return
    }
    Object value = variables[names[0]].call()
    Closure rest = { withNext(names.drop(1), variables, body) }
    if (value instanceof Map) {
        withCredentials(Declarative.bindings(names[0], value.credentials), rest)
    } else {
        withEnv(["${names[0]}=${value}"], rest)
    }
}

void withOptions(List options, Closure body) {
    withNextOption(options.findAll { option -> StageReader.WRAPPERS.contains(option.name) }, body)
}

void withNextOption(List wrappers, Closure body) {
    if (!wrappers) {
        body.call()
        return
    }
    Map wrapper = wrappers[0]
    "${wrapper.name}"(wrapper.given) {
        withNextOption(wrappers.drop(1), body)
    }
}

/** The conditions that hold; while one runs, the build has the result that it is going to have. @return the failure */
Throwable afterwards(Map post, Throwable failure, String stage) {
    Throwable first = failure
    for (String condition in Declarative.orderedConditions(post)) {
        String result = Declarative.combined(first, stage)
        if (Declarative.holds(condition, result)) {
            String original = Declarative.pretend(result)
            try {
                withNodeOrTold(post[condition])
            } catch (Throwable thrown) {
                Declarative.tell("Error when executing ${condition} post condition:")
                Declarative.tellFailure(thrown)
                first = first ?: thrown
            }
            Declarative.stopPretending(result, original)
        }
    }
    first
}
