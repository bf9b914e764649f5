/* Shows what a promotion or a rollback would change, before anybody is asked to approve it.

   Map review = mlReview([action: 'promote', release: 'v1.2', target: 'prod'], outcomes)

   Stands outside `node`. The answer is the result of the step review: the release in full, lines for people, and who
   may approve. A release that may not go there is a failure. */

/** Every option; mlReview.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        action: [type: 'text', fallback: 'promote', among: ['promote', 'rollback'], about: 'What is asked for.'],
        release: [type: 'text', fallback: '',
            about: 'First digits or tag of the release; for a rollback, empty for the one that was live before.'],
        target: [type: 'text', about: 'Environment to change.'],
        strategy: [type: 'text', fallback: 'configured', about: 'How traffic moves, such as canary.'],
    ] + mlPerform.passedOptions()
}

/**
 * @param outcomes gets the outcome of the step review
 * @return its result
 */
Map call(Map config, List outcomes = []) {
    Map chosen = mlCheckOptions('mlReview', declaredOptions(), config)
    Map inputs = chosen.subMap(['action', 'release', 'strategy']) + [environment_name: chosen.target]
    Map declared = [stage: 'review', step: 'review', title: 'Review', timeout: 30]
    Map review = mlPerform(declared, chosen + [inputs: inputs, results: [:]], outcomes)
    echo(review.lines.join('\n'))
    review
}

/** What there is to choose from now: labels of releases, environments, strategies. */
Map offers(Map chosen) {
    Map request = chosen.subMap(['configuration', 'settings']) + [contract: 1]
    Map offered = mlNode.take(chosen) {
        mlModelyard.ask(chosen, 'choices', request, 1)
    }
    List nothing = ['']
    List environments = offered.environments + (offered.rollback.keySet() - offered.environments).toList()
    offered + [
        labels: nothing + offered.releases.collect { Map release -> release.label },
        environments: environments ?: nothing,
    ]
}
