/* The whole job by which a person lets a model pass that a gate refuses, until a day, by hand.

   @Library('modelyard') _
   mlOverride(repository: 'https://git.example/models/tumour.git')

   Whoever starts the build gives their word: Jenkins knows who that is, and a build that a schedule, a commit or
   another job has started is refused. Who may override, and for how long, the configuration says. A build without
   GATE does nothing. */

/** Every option; mlOverride.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    Map passed = mlPerform.passedOptions()
    passed.subMap(passed.keySet() - ['reason', 'origin'])
}

void call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlOverride', declaredOptions(), config)

    pipeline {
        agent none

        options {
            skipDefaultCheckout()
            buildDiscarder(logRotator(numToKeepStr: '200'))
        }

        parameters {
            string(name: 'GATE', defaultValue: '', trim: true, description: 'The gate that refuses.')
            string(name: 'COMMIT', defaultValue: '', trim: true, description: 'The commit whose last build it refused.')
            string(name: 'RELEASE', defaultValue: '', trim: true, description: 'Or the release: digits or tag.')
            text(name: 'REASON', defaultValue: '', description: 'Why; it is shown wherever the verdict is.')
            string(name: 'UNTIL', defaultValue: '', trim: true, description: 'Last day, in UTC, such as 2027-01-31.')
        }

        stages {
            stage('Override') {
                steps {
                    script {
                        override(chosen)
                    }
                }
            }
        }
    }
}

private void override(Map chosen) {
    if (!params.GATE) {
        currentBuild.description = 'nothing was asked for'
        return
    }
    Map inputs = [gate: params.GATE, commit: params.COMMIT, release: params.RELEASE, by: person(),
        reason: params.REASON, until: params.UNTIL]
    Map declared = [stage: 'override', step: 'override', title: 'Override', timeout: 30]
    Map kept = mlPerform(declared, chosen + [reason: params.REASON, inputs: inputs, results: [:]], [])
    currentBuild.description = "gate ${kept.gate} overridden by ${kept.override.by} until ${kept.override.until}"
}

/** An override is one person's word. */
private String person() {
    Set people = mlStep.people() as Set
    if (people.size() != 1) {
        String found = people ? "by ${people.join(' and ')}" : 'by no person that Jenkins knows'
        error("an override is the word of one person, and this build was started ${found}; start it yourself")
    }
    people.first()
}
