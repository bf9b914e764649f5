/* A whole pipeline for a model repository; its Jenkinsfile has no more than two lines.

   @Library('modelyard') _
   mlPipeline()

   Builds have the parameters UNTIL, FROM and SETTINGS, whose defaults are the options below. */

/** Every option; mlPipeline.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    mlRun.declaredOptions()
}

void call(Map config = [:]) {
    Map chosen = mlCheckOptions('mlPipeline', declaredOptions(), config)

    pipeline {
        agent none

        parameters {
            string(
                name: 'UNTIL',
                defaultValue: chosen.until,
                description: 'Last step to run, with all that it needs; empty for all steps.'
            )
            string(
                name: 'FROM',
                defaultValue: chosen.from,
                description: 'First step to run; what it needs must be done already.'
            )
            text(
                name: 'SETTINGS',
                defaultValue: '',
                description: 'Values instead of the configuration\'s, one a line: key.of.it=value'
            )
        }

        stages {
            stage('Model') {
                steps {
                    script {
                        List settings = chosen.settings + params.SETTINGS.tokenize('\r\n')
                        mlRun(chosen + [until: params.UNTIL, from: params.FROM, settings: settings])
                    }
                }
            }
        }

        post {
            aborted {
                script {
                    currentBuild.description = 'interrupted'
                }
            }
        }
    }
}
