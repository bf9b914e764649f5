/* A whole pipeline for a model repository; its Jenkinsfile has no more than two lines.

   @Library('modelyard') _
   mlPipeline()

   Builds have the parameters UNTIL, FROM, SETTINGS, REASON and ORIGIN, whose defaults are the options below. What a
   build of a pull request, of a branch or of a tag does, the configuration says. */

/** Every option; mlPipeline.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    Map perRun = mlRun.declaredOptions()
    perRun.subMap(perRun.keySet() - ['action', 'to', 'inputs']) + mlPublish.ownOptions() + [
        keep: [type: 'text', fallback: '50', about: 'Number of builds of a branch that are kept.'],
    ]
}

void call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlPipeline', declaredOptions(), config)
    List outcomes = []

    pipeline {
        agent none

        options {
            skipDefaultCheckout()
            buildDiscarder(logRotator(numToKeepStr: chosen.keep))
        }

        parameters {
            string(
                name: 'UNTIL',
                defaultValue: chosen.until,
                description: 'Last stage to run, with all that it needs; empty for all stages.'
            )
            string(
                name: 'FROM',
                defaultValue: chosen.from,
                description: 'First stage to run; what it needs must be done already.'
            )
            text(
                name: 'SETTINGS',
                defaultValue: '',
                description: 'Values instead of the configuration\'s, one a line: key.of.it=value'
            )
            string(
                name: 'REASON',
                defaultValue: chosen.reason,
                description: 'Why the build was started, for its records.'
            )
            string(
                name: 'ORIGIN',
                defaultValue: chosen.origin,
                description: 'Release that the build was started for, such as one whose data drift.'
            )
        }

        stages {
            stage('Model') {
                steps {
                    script {
                        List settings = chosen.settings + params.SETTINGS.tokenize('\r\n')
                        Map given = [until: params.UNTIL, from: params.FROM, settings: settings,
                            reason: params.REASON, origin: params.ORIGIN]
                        mlRun(chosen.subMap(mlRun.declaredOptions().keySet()) + given, outcomes)
                    }
                }
            }
        }

        post {
            always {
                script {
                    Map given = [reason: params.REASON, origin: params.ORIGIN]
                    mlPublish(chosen.subMap(mlPublish.declaredOptions().keySet()) + given, outcomes)
                }
            }
        }
    }
}
