/* Takes a model repository through its stages, on one node; which stages there are, `modelyard stages` says.

   mlRun([folder: 'examples/tumour-byo', until: 'gate'])

   It is the inside of mlPipeline, for a Jenkinsfile with a pipeline of its own. Requests and results of all steps are
   archived with the build. */

/** Every option; mlRun.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        agent: [type: 'text', fallback: '', about: 'Label of the nodes that may do the work; empty for any.'],
        folder: [type: 'text', fallback: '.', about: 'Folder of the model repository in what is checked out.'],
        until: [type: 'text', fallback: '', about: 'Last step to run, with all that it needs; empty for all steps.'],
        from: [type: 'text', fallback: '', about: 'First step to run; what it needs must be done already.'],
    ] + mlStep.declaredOptions().subMap(sharedOptions())
}

/** @return the results of the steps that ran: step name -> result */
Map call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlRun', declaredOptions(), config)
    Map results = [:]
    node(chosen.agent) {
        checkout(scm)
        dir(chosen.folder) {
            runLevels(chosen, results)
        }
    }
    if (results.release) {
        currentBuild.description = "release ${results.release.release}"
    }
    results
}

/** Those of mlStep that are the same for every step. */
private List sharedOptions() {
    ['configuration', 'settings', 'attempts', 'pause', 'mode', 'image', 'network', 'environment']
}

private void runLevels(Map chosen, Map results) {
    String kept = ".modelyard/${env.BUILD_TAG}"
    String declared = declaredStages(chosen)
    writeFile(file: "${kept}/stages.json", encoding: 'UTF-8', text: declared)
    try {
        boolean refused = false
        for (List level in readJSON(text: declared, returnPojo: true).levels) {
            refused = refused || runLevel(level, chosen, results)
        }
    } finally {
        dir(kept) {
            archiveArtifacts(artifacts: '**')
            deleteDir()
        }
    }
}

/** The stages as JSON; the name of the branch reaches the command from Jenkins's own variables, unseen by Groovy. */
private String declaredStages(Map chosen) {
    mlModelyard(chosen, 'stages', ['ML_COMMAND=stages', "ML_CONFIGURATION=${chosen.configuration}",
        "ML_UNTIL=${chosen.until}", "ML_FROM=${chosen.from}"], true)
}

/** Runs the stages of one level, which do not need each other; @return whether one of them refused the model. */
private boolean runLevel(List level, Map chosen, Map results) {
    Map earlier = [:] + results
    Map outcomes = [:]
    Map branches = level.collectEntries { Map declared ->
        [(declared.title): { outcomes[declared.step] = runStage(declared, chosen, earlier) }]
    }
    if (level.size() == 1) {
        branches[level[0].title].call()
    } else {
        parallel(branches + [failFast: true])
    }
    for (Map declared in level) {
        results[declared.step] = outcomes[declared.step].result
    }
    outcomes.any { step, outcome -> outcome.status == 'refused' }
}

private Map runStage(Map declared, Map chosen, Map earlier) {
    stage(declared.title) {
        mlStep(chosen.subMap(sharedOptions()) + [step: declared.step, results: earlier])
    }
}
