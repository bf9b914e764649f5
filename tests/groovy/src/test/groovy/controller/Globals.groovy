package controller

/** `env`: what the steps around set, on top of the build's own variables. Holds nothing itself. */
class EnvironmentVariables extends GroovyObjectSupport implements Serializable {
    private static final long serialVersionUID = 1

    @Override
    Object getProperty(String name) {
        Build.running().environment()[name]
    }

    @Override
    void setProperty(String name, Object value) {
        Build.running().set(name, value as String)
    }

    Map<String, String> getEnvironment() {
        throw new SecurityException('Scripts not permitted to use method EnvActionImpl getEnvironment')
    }
}

/** `scm`: where the job's sources are; opaque to scripts. */
class SourceControl implements Serializable {
    private static final long serialVersionUID = 1
}

/** A build of another number, or of another job. */
class OtherBuild implements Serializable {
    private static final long serialVersionUID = 1

    private final Map<String, Object> about
    private final List<Map> before

    OtherBuild(Map<String, Object> about, List<Map> before = []) {
        this.about = about
        this.before = before
    }

    /** The build before those `builds`, newest first, that `fits`. */
    static OtherBuild first(List<Map> builds, Closure<Boolean> fits = { true }) {
        int found = builds.findIndexOf(fits)
        found < 0 ? null : new OtherBuild(builds[found], builds.drop(found + 1))
    }

    int getNumber() {
        about.number as int
    }

    String getResult() {
        about.result
    }

    String getCurrentResult() {
        about.result ?: 'SUCCESS'
    }

    String getDescription() {
        about.description
    }

    String getDisplayName() {
        about.displayName ?: "#${number}"
    }

    String getFullDisplayName() {
        about.fullDisplayName ?: displayName
    }

    String getAbsoluteUrl() {
        about.url
    }

    long getStartTimeInMillis() {
        about.started as long
    }

    long getDuration() {
        about.duration as long
    }

    Map<String, String> getBuildVariables() {
        about.variables ?: [:]
    }

    OtherBuild getPreviousBuild() {
        first(before)
    }

    Object getRawBuild() {
        throw new SecurityException('Scripts not permitted to use method RunWrapper getRawBuild')
    }
}

/** `currentBuild`. A result can only become worse. */
class CurrentBuild implements Serializable {
    private static final long serialVersionUID = 1

    private static Build getBuild() {
        Build.running()
    }

    String getDescription() {
        build.description
    }

    void setDescription(Object text) {
        build.description = text as String
    }

    String getDisplayName() {
        build.displayName ?: "#${number}"
    }

    void setDisplayName(Object text) {
        build.displayName = text as String
    }

    void setKeepLog(boolean keep) {
        build.keptForever = keep
    }

    boolean isKeepLog() {
        build.keptForever
    }

    String getFullDisplayName() {
        "${fullProjectName.replace('/', ' » ')} ${displayName}"
    }

    String getProjectName() {
        build.variables.JOB_BASE_NAME
    }

    String getFullProjectName() {
        build.variables.JOB_NAME
    }

    String getAbsoluteUrl() {
        build.variables.BUILD_URL
    }

    String getId() {
        build.variables.BUILD_ID
    }

    int getNumber() {
        build.variables.BUILD_NUMBER.toInteger()
    }

    String getResult() {
        build.result
    }

    void setResult(Object result) {
        build.worsen(result as String)
    }

    String getCurrentResult() {
        build.result ?: 'SUCCESS'
    }

    boolean resultIsBetterOrEqualTo(String other) {
        Build.WORSE.indexOf(currentResult) <= Build.WORSE.indexOf(other)
    }

    boolean resultIsWorseOrEqualTo(String other) {
        Build.WORSE.indexOf(currentResult) >= Build.WORSE.indexOf(other)
    }

    long getTimeInMillis() {
        build.began
    }

    long getStartTimeInMillis() {
        build.began
    }

    long getDuration() {
        build.now - build.began
    }

    String getDurationString() {
        "${duration.intdiv(1000)} sec and counting"
    }

    /** What scripts set in `env`. */
    Map<String, String> getBuildVariables() {
        new LinkedHashMap(build.overridden)
    }

    List getBuildCauses() {
        build.causes.collect { new LinkedHashMap(it) }
    }

    List getBuildCauses(String kind) {
        buildCauses.findAll { cause -> cause._class == kind }
    }

    OtherBuild getPreviousBuild() {
        OtherBuild.first(build.history)
    }

    OtherBuild getPreviousCompletedBuild() {
        OtherBuild.first(build.history) { it.result != null }
    }

    OtherBuild getPreviousSuccessfulBuild() {
        OtherBuild.first(build.history) { it.result == 'SUCCESS' }
    }

    OtherBuild getPreviousNotFailedBuild() {
        OtherBuild.first(build.history) { it.result in ['SUCCESS', 'UNSTABLE'] }
    }

    Object getRawBuild() {
        throw new SecurityException('Scripts not permitted to use method RunWrapper getRawBuild')
    }
}

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
