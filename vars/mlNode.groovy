/* Takes a node with the sources of the build for as long as its body works there, and no longer.

   mlNode([agent: 'docker']) { sh('ls') }

   A node that is lost in the middle is replaced, and the body begins anew. For the other vars, and for Jenkinsfiles
   that do something of their own beside them. */

/** Which nodes, and the sources there; for the options of other vars. */
Map declaredOptions() {
    [
        agent: [type: 'text', fallback: '', about: 'Label of the nodes that may do the work; empty for any.'],
        folder: [type: 'text', fallback: '.', about: 'Folder of the model repository in what is checked out.'],
        repository: [type: 'text', fallback: '', about: 'Git URL of the sources; empty for those of the job.'],
        branch: [type: 'text', fallback: 'main', about: 'Branch of repository.'],
        gitCredentials: [type: 'text', fallback: '', about: 'Jenkins credentials that may read repository.'],
        pod: [type: 'map', fallback: [:],
            about: 'Arguments of podTemplate in the mode kubernetes, such as cloud, namespace, serviceAccount.'],
        visits: [type: 'number', fallback: 3, about: 'How often work is begun in all when its node is lost.'],
    ] + mlModelyard.declaredOptions()
}

/** @return what the body answers */
Object call(Map config, Closure body) {
    take(mlCheckOptions('mlNode', declaredOptions(), config), body)
}

/** The same for another var's options, of which these are a part. */
Object take(Map chosen, Closure body) {
    chosen.mode == 'kubernetes' ? inPod(chosen, body) : onNode(chosen, body)
}

private Object onNode(Map chosen, Closure body) {
    retry(count: chosen.visits, conditions: [agent(), nonresumable()]) {
        node(chosen.agent) {
            fetchSources(chosen)
            work(chosen, body)
        }
    }
}

private Object inPod(Map chosen, Closure body) {
    String image = chosen.image ?: env.MODELYARD_AGENT_IMAGE
    Object modelyard = containerTemplate(name: 'modelyard', image: image, command: 'sleep', args: 'infinity',
        runAsUser: '1000', runAsGroup: '1000')
    podTemplate(chosen.pod + [containers: [modelyard]]) {
        retry(count: chosen.visits, conditions: [kubernetesAgent(), nonresumable()]) {
            node(env.POD_LABEL) {
                fetchSources(chosen)
                container('modelyard') {
                    work(chosen, body)
                }
            }
        }
    }
}

/** All nodes of a build work on the commit that the first one found; a multibranch job sees to that itself. */
private void fetchSources(Map chosen) {
    Map found = chosen.repository ? named(chosen) : checkout(scm)
    String commit = env.MODELYARD_COMMIT ?: ''
    if (found?.GIT_COMMIT && !env.BRANCH_NAME && !commit) {
        env.MODELYARD_COMMIT = found.GIT_COMMIT
    } else if (found?.GIT_COMMIT && commit && commit != found.GIT_COMMIT) {
        sh(label: "commit ${commit}", script: 'git checkout --quiet --detach "$MODELYARD_COMMIT"')
    }
}

private Map named(Map chosen) {
    git(url: chosen.repository, branch: chosen.branch, credentialsId: chosen.gitCredentials, poll: false)
}

/** What the vars write here is archived, and does not stay for another build to find. */
private Object work(Map chosen, Closure body) {
    String model = chosen.folder == '.' ? '' : "/${chosen.folder.tokenize('/').last()}"
    dir(chosen.folder) {
        try {
            return withEnv(["ML_MODEL=${model}"]) { body() }
        } finally {
            keep(".modelyard/${env.BUILD_TAG}")
        }
    }
}

private void keep(String written) {
    if (fileExists(written)) {
        dir(written) {
            archiveArtifacts(artifacts: '**', allowEmptyArchive: true)
            deleteDir()
        }
    }
}
