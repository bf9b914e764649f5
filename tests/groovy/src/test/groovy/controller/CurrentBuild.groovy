package controller

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
