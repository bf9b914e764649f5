/* Takes one stage to its end and keeps what it came to, also when it fails or is aborted.

   Map reviewed = mlPerform([stage: 'review', step: 'review', title: 'Review', timeout: 30], chosen, outcomes)

   For the other vars; Jenkinsfiles have no use for it. */

/** Options of mlWait that are passed on as they are; the others say which stage it is, and what it works with. */
Map passedOptions() {
    Map perStage = mlWait.declaredOptions()
    perStage.subMap(perStage.keySet() - ['step', 'stage', 'inputs', 'results', 'timeout'])
}

/**
 * @param declared its stage, step, title, and timeout in minutes, as `modelyard stages` says
 * @param given options of mlWait, among others
 * @param outcomes gets the outcome
 * @return its result
 */
Map call(Map declared, Map given, List outcomes) {
    Map asked = given.subMap(mlWait.declaredOptions().keySet()) + declared.subMap(['stage', 'step', 'timeout'])
    Map outcome = [status: 'interrupted', exit_code: 130, error: 'the build was aborted, or the stage took too long']
    long began = currentBuild.duration
    try {
        outcome = mlWait.watch(asked)
    } finally {
        outcomes << (outcome + declared.subMap(['stage', 'step', 'title']) + [seconds: seconds(began)])
    }
    mlStep.conclude(outcome)
    outcome.result
}

private int seconds(long began) {
    (currentBuild.duration - began).intdiv(1000)
}
