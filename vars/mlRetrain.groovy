/* The whole job that has a model trained anew: by a schedule, by an alarm about drift, or by hand.

   @Library('modelyard') _
   mlRetrain(job: 'build/main', schedule: 'H H(2-4) * * 1')

   It starts the build of the main branch, which does what is to be done with today's data, and ends as that build does.
   An alarm starts it over Jenkins's REST interface with the release that it is about; the build's records carry it. */

/** Every option; mlRetrain.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    [
        job: [type: 'text', fallback: 'build/main', about: 'The job to start, from the folder of this one.'],
        schedule: [type: 'text', fallback: '', about: 'When to start, in Jenkins\'s notation; empty for never.'],
        settings: [type: 'list', fallback: [], about: 'Values instead of the configuration\'s: key.of.it=value, each.'],
    ]
}

void call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlRetrain', declaredOptions(), config)

    pipeline {
        agent none

        options {
            disableConcurrentBuilds()
            buildDiscarder(logRotator(numToKeepStr: '200'))
        }

        triggers {
            cron(chosen.schedule)
        }

        parameters {
            string(
                name: 'RELEASE',
                defaultValue: '',
                trim: true,
                description: 'Release that it is about, such as the one whose data drift.'
            )
            string(name: 'REASON', defaultValue: 'schedule', description: 'Why, for the records.')
        }

        stages {
            stage('Retrain') {
                steps {
                    script {
                        currentBuild.description = "${params.REASON} ${params.RELEASE}".trim()
                        build(
                            job: chosen.job,
                            parameters: [
                                string(name: 'ORIGIN', value: params.RELEASE),
                                string(name: 'REASON', value: params.REASON),
                                text(name: 'SETTINGS', value: chosen.settings.join('\n')),
                            ]
                        )
                    }
                }
            }
        }
    }
}
