/* Asks a person whether a release may go to an environment, and records the answer as the approval of the release.

   Map reviewed = mlWait('review', [inputs: [...]])
   mlApprove([review: reviewed.result], outcomes)

   Stands outside `node`: no executor is held while people think. Who may approve, whether it may be the author of the
   release, and how long there is time, the configuration of the environment says; modelyard checks it once more when
   it records the approval. */

/** Every option; mlApprove.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        review: [type: 'map', about: 'Result of the step review.'],
        evidence: [type: 'text', fallback: '', about: 'Where the page is that shows what would change.'],
    ] + mlPerform.passedOptions()
}

/**
 * @param outcomes gets the outcome of the step approve
 * @return its result: by, reason, at, expires
 */
Map call(Map config, List outcomes = []) {
    Map chosen = mlCheckOptions('mlApprove', declaredOptions(), config)
    Map review = chosen.review
    Object answer = null
    timeout(time: review.expires_minutes, unit: 'MINUTES') {
        answer = input(
            id: 'Approve',
            message: "${review.title}\n${chosen.evidence}".trim(),
            ok: 'Approve',
            submitter: review.approvers.join(','),
            submitterParameter: 'APPROVER',
            parameters: [text(name: 'APPROVAL', defaultValue: chosen.reason, description: 'Why it may go ahead.')]
        )
    }
    // Somebody may also proceed past the form, over REST: then only the name comes.
    if (!(answer instanceof Map)) {
        error("${review.title} was answered without the form; start again, and say why it may go ahead")
    }
    Map inputs = review.subMap(['release', 'environment_name']) +
        [by: answer.APPROVER, reason: answer.APPROVAL, review: review.digest]
    Map declared = [stage: 'approve', step: 'approve', title: 'Approve', timeout: 30]
    mlPerform(declared, chosen + [inputs: inputs, results: [:]], outcomes)
}
