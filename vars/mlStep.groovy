/* The one door from Jenkins to Python: runs one step of modelyard on the current node and answers its outcome.

   Map trained = mlStep('train', [settings: ['training.hyperparameters.trees=200'], results: results])

   The answer has status (done or refused), recalled, key, exit_code and result. A refused model makes the build
   unstable and is answered, so that the caller can end; a failure is an error. */

import groovy.json.JsonOutput

/** Every option; mlStep.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        step: [type: 'text', about: 'Name of the step, such as train; `modelyard step --help` lists them.'],
        configuration: [type: 'text', fallback: 'modelyard.yaml', about: 'The configuration, from the current folder.'],
        settings: [type: 'list', fallback: [], about: 'Values instead of the configuration\'s: key.of.it=value, each.'],
        results: [type: 'map', fallback: [:], about: 'Results of earlier steps of this build: step name -> result.'],
        inputs: [type: 'map', fallback: [:], about: 'Values of single input fields instead of the derived ones.'],
        attempts: [type: 'number', fallback: 4, about: 'How often to try what fails temporarily (exit code 75).'],
        pause: [type: 'number', fallback: 30, about: 'Seconds before the second attempt, doubled before each next.'],
    ] + mlModelyard.declaredOptions()
}

/** mlStep('train', settings: [...]) */
Map call(Map config, String step) {
    call(config + [step: step])
}

/** mlStep('train') and mlStep('train', [...]) */
Map call(String step, Map config = [:]) {
    call(config + [step: step])
}

/** mlStep(step: 'train', settings: [...]) */
Map call(Map config) {
    Map chosen = mlCheckOptions('mlStep', declaredOptions(), config)
    String file = ".modelyard/${env.BUILD_TAG}/${chosen.step}"
    writeFile(file: "${file}.request.json", encoding: 'UTF-8', text: JsonOutput.toJson(request(chosen)))
    Map outcome = attempt(chosen, file)
    conclude(outcome)
    outcome
}

private Map request(Map chosen) {
    [
        contract: 1,
        step: chosen.step,
        configuration: chosen.configuration,
        settings: chosen.settings,
        run: origin(),
        results: chosen.results,
        inputs: chosen.inputs,
    ]
}

private Map origin() {
    List people = currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause').collect { cause -> cause.userId }
    [
        id: env.BUILD_TAG,
        who: people ? people[0] : env.JOB_NAME,
        build_url: env.BUILD_URL ?: '',
        branch: env.CHANGE_BRANCH ?: env.BRANCH_NAME ?: '',
        pull_request: env.CHANGE_ID ? env.CHANGE_ID.toInteger() : null,
    ]
}

/** Runs the step, again after a while as long as it says that its failure is temporary. */
private Map attempt(Map chosen, String file) {
    Map outcome = [:]
    int pause = 0
    retry(chosen.attempts) {
        if (pause > 0) {
            sleep(time: pause, unit: 'SECONDS')
        }
        pause = pause > 0 ? pause * 2 : chosen.pause
        outcome = visit(chosen, file)
        if (outcome.exit_code == 75) {
            error(describe(outcome))
        }
    }
    outcome
}

/** One process. Paths travel in variables, all other values in the request; a result left by an earlier one is gone. */
private Map visit(Map chosen, String file) {
    int code = mlModelyard(chosen, "step ${chosen.step}", ['ML_COMMAND=step', "ML_STEP=${chosen.step}",
        "ML_REQUEST=${file}.request.json", "ML_RESULT=${file}.result.json"])
    Map lost = [contract: 1, step: chosen.step, status: 'failed', exit_code: code, error: 'it ended without a result']
    if (!fileExists("${file}.result.json")) {
        return lost
    }
    Map outcome = readJSON(text: readFile(file: "${file}.result.json", encoding: 'UTF-8'), returnPojo: true)
    outcome.exit_code == code ? outcome : lost + [error: "its result says ${outcome.exit_code}"]
}

private void conclude(Map outcome) {
    if (outcome.contract != 1) {
        error("${outcome.step}: modelyard speaks contract ${outcome.contract}, these vars 1: use both of one release")
    }
    if (outcome.status == 'refused') {
        currentBuild.description = "refused: ${outcome.error}"
        unstable("refused: ${outcome.error}")
    } else if (outcome.status != 'done') {
        if (outcome.status == 'interrupted') {
            currentBuild.result = 'ABORTED'
        }
        error(describe(outcome))
    }
}

private String describe(Map outcome) {
    "${outcome.step} ${outcome.status} (exit code ${outcome.exit_code}): ${outcome.error}"
}
