/* Takes a model repository through its stages; which stages there are, `modelyard stages` says.

   mlRun([folder: 'examples/tumour-byo', until: 'gate'])

   It is the inside of mlPipeline, for a Jenkinsfile with a pipeline of its own. Stands outside `node`: each stage takes
   one only while it works. Requests and results of all stages are archived with the build. */

/** Every option; mlRun.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        until: [type: 'text', fallback: '', about: 'Last stage to run, with all that it needs; empty for all stages.'],
        from: [type: 'text', fallback: '', about: 'First stage to run; what it needs must be done already.'],
        action: [type: 'text', fallback: 'run', among: ['run', 'promote', 'rollback'],
            about: 'Whether the stages are those of a build, a promotion or a rollback.'],
        to: [type: 'text', fallback: '', about: 'Environment of a promotion or a rollback.'],
        inputs: [type: 'map', fallback: [:], about: 'Values of single input fields: stage -> field -> value.'],
    ] + mlPerform.passedOptions()
}

/**
 * @param outcomes gets what every stage came to, also when the build fails or is aborted
 * @return the results of the stages that ran: stage -> result
 */
Map call(Map config = [:], List outcomes = []) {
    Map chosen = mlCheckOptions('mlRun', declaredOptions(), config)
    Map declared = declaredStages(chosen)
    if (declared.supersedes) {
        abortOlder(env.BUILD_NUMBER.toInteger())
    }
    Map results = [:]
    boolean refused = false
    try {
        for (Map group in declared.groups) {
            // Older builds have ended already, and what they may pass now is past.
            Map alone = declared.supersedes ? group + [milestone: null] : group
            refused = refused || runGroup(alone, chosen, results, outcomes)
        }
    } finally {
        noteMissed(declared.groups, outcomes)
    }
    results
}

/** What was not reached is told too. */
private void noteMissed(List groups, List outcomes) {
    List reached = outcomes.collect { Map outcome -> outcome.stage }
    for (Map group in groups) {
        for (List level in group.levels) {
            outcomes.addAll(level.findAll { Map declared -> !reached.contains(declared.stage) }
                .collect { Map declared -> declared.subMap(['stage', 'step', 'title']) + [status: 'not_run'] })
        }
    }
}

private Map declaredStages(Map chosen) {
    Map request = chosen.subMap(['configuration', 'settings', 'until', 'from', 'action', 'to']) +
        [contract: 1, run: mlStep.origin(chosen)]
    mlNode.take(chosen) {
        mlModelyard.ask(chosen, 'stages', request, 2)
    }
}

/** Passing a milestone ends older builds that have passed the one before it. */
private void abortOlder(int number) {
    if (number > 1) {
        milestone(ordinal: number - 1)
    }
    milestone(ordinal: number)
}

/** Stages that change one environment belong together: no other build may come in between, and no older one after. */
private boolean runGroup(Map group, Map chosen, Map results, List outcomes) {
    if (!group.lock) {
        return runLevels(group.levels, chosen, results, outcomes)
    }
    boolean refused = false
    lock(resource: group.lock, inversePrecedence: true) {
        if (group.milestone) {
            milestone(ordinal: group.milestone)
        }
        refused = runLevels(group.levels, chosen, results, outcomes)
    }
    refused
}

private boolean runLevels(List levels, Map chosen, Map results, List outcomes) {
    boolean refused = false
    for (List level in levels) {
        refused = refused || runLevel(level, chosen, results, outcomes)
    }
    refused
}

/** The stages of one level do not need each other. @return whether one of them refused the model */
private boolean runLevel(List level, Map chosen, Map results, List outcomes) {
    Map earlier = [:] + results
    Map branches = level.collectEntries { Map declared ->
        Map given = chosen + [results: earlier, inputs: chosen.inputs[declared.stage] ?: [:]]
        [(declared.title): { results[declared.stage] = runStage(declared, given, outcomes) }]
    }
    if (level.size() == 1) {
        branches[level[0].title].call()
    } else {
        parallel(branches + [failFast: true])
    }
    outcomes.any { Map outcome -> outcome.status == 'refused' }
}

private Map runStage(Map declared, Map given, List outcomes) {
    stage(declared.title) {
        mlPerform(declared, given, outcomes)
    }
}
