/* The promotion of one release, in the agent image, with an identity that only it gets; jobs.groovy says of which
   repository. */

String repository = 'MODEL_REPOSITORY'

node('docker') {
    git(url: repository, credentialsId: 'modelyard-git')
    lock("${repository} ${params.ENVIRONMENT}") {
        withCredentials([usernamePassword(
            credentialsId: 'modelyard-tools',
            usernameVariable: 'AWS_ACCESS_KEY_ID',
            passwordVariable: 'AWS_SECRET_ACCESS_KEY'
        )]) {
            docker.image(env.MODELYARD_AGENT_IMAGE).inside('--init --read-only --tmpfs /tmp') {
                sh('exec modelyard promote "$RELEASE" --to "$ENVIRONMENT"')
            }
        }
    }
}
