/* The one door from Jenkins to Python: runs one step of modelyard on the current node and answers its outcome.

   Map trained = mlStep('train', [settings: ['training.hyperparameters.trees=200'], results: results])

   The answer has status (done or refused), recalled, key, exit_code and result. A refused model makes the build
   unstable and is answered, so that the caller can end; a failure is an error. The node is held until the step is done;
   mlWait does not hold it. */

/** Every option; mlStep.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        step: [type: 'text', about: 'Name of the step, such as train; `modelyard step --help` lists them.'],
        stage: [type: 'text', fallback: '', about: 'Its stage, such as promote-qa; empty for the step\'s own.'],
        configuration: [type: 'text', fallback: 'modelyard.yaml', about: 'The configuration, from the current folder.'],
        settings: [type: 'list', fallback: [], about: 'Values instead of the configuration\'s: key.of.it=value, each.'],
        results: [type: 'map', fallback: [:], about: 'Results of earlier stages of this build: stage -> result.'],
        inputs: [type: 'map', fallback: [:], about: 'Values of single input fields instead of the derived ones.'],
        reason: [type: 'text', fallback: '', about: 'Why the build was started, for its records.'],
        origin: [type: 'text', fallback: '', about: 'Release that the build was started for, for its records.'],
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
    Map outcome = [:]
    int pause = 0
    retry(chosen.attempts) {
        if (pause > 0) {
            sleep(time: pause, unit: 'SECONDS')
        }
        pause = pause > 0 ? pause * 2 : chosen.pause
        outcome = visit(chosen)
        if (outcome.exit_code == 75) {
            error(describe(outcome))
        }
    }
    conclude(outcome)
    outcome
}

/** One process; `more` are parts of the request that mlWait knows. @return the outcome, whatever it is */
Map visit(Map chosen, Map more = [:]) {
    Map request = chosen.subMap(['step', 'stage', 'configuration', 'settings', 'results', 'inputs']) +
        [contract: 1, run: origin(chosen)] + more
    Map outcome = mlModelyard(chosen, 'step', chosen.stage ?: chosen.step, request)
    Map lost = [contract: 1, step: chosen.step, status: 'failed', exit_code: outcome.ended, result: [:]]
    if (outcome.status == null) {
        return lost + [error: 'it ended without a result']
    }
    outcome.exit_code == outcome.ended ? outcome : lost + [error: "its result says ${outcome.exit_code}"]
}

/** Which build a request belongs to. */
Map origin(Map chosen) {
    List known = people()
    [
        id: env.BUILD_TAG,
        who: known ? known[0] : env.JOB_NAME,
        build_url: env.BUILD_URL ?: '',
        branch: env.CHANGE_BRANCH ?: env.BRANCH_NAME ?: '',
        tag: env.TAG_NAME ?: '',
        pull_request: env.CHANGE_ID ? env.CHANGE_ID.toInteger() : null,
        reason: chosen.reason,
        origin: chosen.origin,
    ]
}

/** @return the logins of the people who started the build, as Jenkins knows them; none where nobody did */
List people() {
    List causes = currentBuild.getBuildCauses('hudson.model.Cause$UserIdCause')
    causes.collect { cause -> cause.userId }.findAll { login -> login }
}

/** What an outcome means for the build. */
void conclude(Map outcome) {
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
