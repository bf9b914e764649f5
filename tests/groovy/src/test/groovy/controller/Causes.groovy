package controller

/** What a build was started by, as `currentBuild.getBuildCauses()` answers it. */
class Causes {
    static Map user(String id) {
        [_class: 'hudson.model.Cause$UserIdCause', shortDescription: "Started by user ${id}" as String, userId: id,
            userName: id]
    }

    static Map timer() {
        [_class: 'hudson.triggers.TimerTrigger$TimerTriggerCause', shortDescription: 'Started by timer']
    }

    static Map upstream(String job, int number) {
        [_class: 'org.jenkinsci.plugins.workflow.support.steps.build.BuildUpstreamCause', upstreamProject: job,
            shortDescription: "Started by upstream project \"${job}\" build number ${number}" as String, upstreamBuild: number,
            upstreamUrl: "job/${job.replace('/', '/job/')}/" as String]
    }

    static Map branch() {
        [_class: 'jenkins.branch.BranchEventCause', shortDescription: 'Push event to branch main']
    }
}
