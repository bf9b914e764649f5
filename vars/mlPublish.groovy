/* Shows what a build came to where people look: the report and JUnit results of the build, its description and badge, a
   check, and one comment on the pull request, which is updated in place.

   List outcomes = []
   mlRun([:], outcomes)
   mlPublish([prCredentials: 'github'], outcomes)

   Stands outside `node`, in `post { always { … } }`. A host that is down or a plugin that is not there is said, and
   never changes the result of the build. */

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Every option; mlPublish.txt and docs/reference/vars.md are made of this. */
Map declaredOptions() {
    Map perStep = mlStep.declaredOptions()
    [
        kind: [type: 'text', fallback: 'run', among: ['run', 'promotion', 'review'],
            about: 'What the outcomes are of; review is a promotion that is to be decided: only its page is shown.'],
    ] + ownOptions() + perStep.subMap(['configuration', 'settings', 'reason', 'origin']) + mlNode.declaredOptions()
}

/** Those that mlPipeline and mlPromote take beside the ones of their stages. */
Map ownOptions() {
    [
        prCredentials: [type: 'text', fallback: '',
            about: 'Jenkins credentials (secret text) that may comment on pull requests; empty for no comment.'],
        checks: [type: 'flag', fallback: true, about: 'Whether a check is published too.'],
    ]
}

/**
 * @param outcomes what mlRun filled in
 * @return what was published, with `link`, where the page is
 */
Map call(Map config, List outcomes) {
    Map chosen = mlCheckOptions('mlPublish', declaredOptions(), config)
    Map published = publish(chosen, outcomes, 3)
    if (published.contract == 1) {
        currentBuild.description = published.description
        show(published, chosen)
    } else {
        echo("WARNING: nothing is published: modelyard publish ended with exit code ${published.ended}")
    }
    published
}

/** A build that a newer one has ended is interrupted once more when that is over, and by each newer one. */
private Map publish(Map chosen, List outcomes, int tries) {
    try {
        return onNode(chosen, outcomes)
    } catch (FlowInterruptedException again) {
        if (tries == 1) {
            throw again
        }
    }
    publish(chosen, outcomes, tries - 1)
}

private Map onNode(Map chosen, List outcomes) {
    mlNode.take(chosen) {
        Map found = withToken(chosen.prCredentials) { report(chosen, outcomes) }
        if (found.contract == 1 && chosen.kind != 'review') {
            junit(testResults: "${mlModelyard.folder()}/junit.xml", allowEmptyResults: true,
                skipPublishingChecks: true, skipMarkingBuildUnstable: true)
        }
        found + [link: page()]
    }
}

/** The report is archived by mlNode, with all that lies beside it. */
private Map report(Map chosen, List outcomes) {
    mlModelyard(chosen, 'publish', 'build', chosen.subMap(['kind', 'configuration', 'settings']) + [
        contract: 1,
        run: mlStep.origin(chosen),
        result: currentBuild.currentResult,
        started: "${currentBuild.startTimeInMillis}",
        report_url: page(),
        outcomes: outcomes,
    ])
}

/** Where the archived report is seen; only on the node. A variable that is set to nothing is none to Jenkins. */
private String page() {
    "${env.BUILD_URL}artifact${env.ML_MODEL ?: ''}/report/index.html"
}

private Map withToken(String credentials, Closure body) {
    if (!credentials || !env.CHANGE_ID) {
        return body()
    }
    withCredentials([string(credentialsId: credentials, variable: 'MODELYARD_PR_TOKEN')]) {
        body()
    }
}

/** What plugins that not every controller has can show. */
private void show(Map published, Map chosen) {
    if (chosen.kind == 'review') {
        return
    }
    if (published.comment.state == 'failed') {
        echo("WARNING: the pull request has no comment: ${published.comment.reason}")
    }
    try {
        for (Map badge in published.badges) {
            addBadge(text: badge.text, link: published.link)
        }
        if (chosen.checks) {
            publishChecks(published.check + [detailsURL: published.link])
        }
    } catch (NoSuchMethodError absent) {
        // Its message lists all that there is.
        echo('Badge or check are not shown: the controller has no plugin badge, or no checks-api')
    }
}
