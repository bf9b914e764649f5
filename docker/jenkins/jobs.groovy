/* Job DSL: for each model repository of MODELYARD_MODELS (URLs with blanks between them) a folder with two jobs. */

String promotion = new File('/usr/share/jenkins/modelyard/promote.groovy').text

(System.getenv('MODELYARD_MODELS') ?: '').tokenize().each { String url ->
    String name = url.tokenize('/').last() - '.git'

    folder(name) {
        description("Model repository ${url}")
    }

    multibranchPipelineJob("${name}/build") {
        description('Every branch: from data to a release, as the Jenkinsfile says.')
        branchSources {
            git {
                id("modelyard-${name}")
                remote(url)
                credentialsId('modelyard-git')
            }
        }
        triggers {
            periodicFolderTrigger {
                interval('5m')
            }
        }
        orphanedItemStrategy {
            discardOldItems {
                daysToKeep(30)
            }
        }
    }

    pipelineJob("${name}/promote") {
        description('By hand: takes a release to an environment. Nothing is rebuilt.')
        parameters {
            stringParam('RELEASE', '', 'The release, as `modelyard releases` lists it.')
            stringParam('ENVIRONMENT', 'prod', 'The environment of modelyard.yaml to take it to.')
        }
        properties {
            disableConcurrentBuilds()
        }
        definition {
            cps {
                script(promotion.replace('MODEL_REPOSITORY', url))
                sandbox()
            }
        }
    }
}
