/* The whole job that takes a release to a further environment, or an environment back, by hand.

   @Library('modelyard') _
   mlPromote(repository: 'https://git.example/models/tumour.git')

   Each build offers what there is to choose from at the next one; one without REASON does nothing else. Nothing is
   rebuilt. */

/** Every option; mlPromote.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    Map perRun = mlRun.declaredOptions()
    List fixed = ['until', 'from', 'action', 'to', 'inputs', 'reason', 'origin']
    perRun.subMap(perRun.keySet() - fixed) + mlPublish.ownOptions()
}

void call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlPromote', declaredOptions(), config)
    Map offered = mlReview.offers(chosen)
    Map kept = [:]
    List outcomes = []

    pipeline {
        agent none

        options {
            skipDefaultCheckout()
            buildDiscarder(logRotator(numToKeepStr: '200'))
        }

        parameters {
            choice(name: 'ACTION', choices: ['promote', 'rollback'], description: 'What to do.')
            choice(name: 'RELEASE', choices: offered.labels, description: 'Newest first; none: the one before.')
            string(name: 'OTHER_RELEASE', defaultValue: '', trim: true, description: 'Not in the list: digits or tag.')
            choice(name: 'ENVIRONMENT', choices: offered.environments, description: 'The environment to change.')
            choice(name: 'STRATEGY', choices: offered.strategies, description: 'How traffic moves to it.')
            text(name: 'REASON', defaultValue: '', description: 'Why; without it, only choices are looked up.')
        }

        stages {
            stage('Review') {
                when {
                    expression { params.REASON }
                }
                steps {
                    script {
                        kept.review = mlReview(asked(chosen), outcomes)
                    }
                }
            }
            stage('Approve') {
                when {
                    expression { kept.review?.needs_approval }
                }
                steps {
                    script {
                        approve(chosen, kept.review, outcomes)
                    }
                }
            }
            stage('Deploy') {
                when {
                    expression { kept.review }
                }
                steps {
                    script {
                        deploy(chosen, kept.review, outcomes)
                    }
                }
            }
        }

        post {
            always {
                script {
                    if (outcomes) {
                        publish(chosen, outcomes, 'promotion')
                    } else {
                        currentBuild.description = 'nothing was asked for; the choices are up to date'
                    }
                }
            }
        }
    }
}

/** What the parameters ask for; a choice of a release begins with its name. */
private Map asked(Map chosen) {
    String listed = params.RELEASE ? params.RELEASE.tokenize(' ')[0] : ''
    chosen.subMap(mlReview.declaredOptions().keySet()) + [
        action: params.ACTION,
        release: params.OTHER_RELEASE ?: listed,
        target: params.ENVIRONMENT,
        strategy: params.STRATEGY,
        reason: params.REASON,
    ]
}

private void approve(Map chosen, Map review, List outcomes) {
    Map page = publish(chosen, outcomes, 'review')
    Map given = [review: review, reason: params.REASON, evidence: page.link]
    mlApprove(chosen.subMap(mlApprove.declaredOptions().keySet()) + given, outcomes)
}

private void deploy(Map chosen, Map review, List outcomes) {
    Map change = review.subMap(['release', 'environment_name']) + [strategy: params.STRATEGY]
    mlRun(chosen.subMap(mlRun.declaredOptions().keySet()) + [
        action: params.ACTION,
        to: params.ENVIRONMENT,
        reason: params.REASON,
        inputs: [(params.ACTION): change],
    ], outcomes)
}

private Map publish(Map chosen, List outcomes, String kind) {
    Map given = [kind: kind, reason: params.REASON]
    mlPublish(chosen.subMap(mlPublish.declaredOptions().keySet()) + given, outcomes)
}
