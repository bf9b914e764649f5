package controller

import java.nio.file.Path

/** Steps that show what a build made. */
class PublishSteps {
    private static final Set<String> STATES = ['NONE', 'QUEUED', 'IN_PROGRESS', 'COMPLETED'] as Set
    private static final Set<String> CONCLUSIONS =
        ['NONE', 'ACTION_REQUIRED', 'SKIPPED', 'CANCELED', 'TIME_OUT', 'FAILURE', 'NEUTRAL', 'SUCCESS'] as Set
    private static final Map<String, Object> BADGE = [id: String, text: String, link: String, target: String]
    private static final Map<String, Object> STYLED = BADGE + [icon: String, cssClass: String, style: String]
    private static final Declaration TARGET = new Declaration('publishHTML.target', [
        reportName: String, reportDir: String, reportFiles: String, keepAll: Boolean, alwaysLinkToLastBuild: Boolean,
        allowMissing: Boolean, icon: String, escapeUnderscores: Boolean, useWrapperFileDirectly: Boolean,
        numberOfWorkers: Integer, reportTitles: String, includes: String,
    ], ['reportName', 'reportDir', 'reportFiles', 'keepAll', 'alwaysLinkToLastBuild', 'allowMissing'])

    static final Map<String, Map> TABLE = [
        addBadge: [takes: STYLED, does: PublishSteps.&badge],
        addErrorBadge: [takes: BADGE, does: PublishSteps.&badge],
        addInfoBadge: [takes: BADGE, does: PublishSteps.&badge],
        addSummary: [takes: STYLED, does: PublishSteps.&badge],
        addWarningBadge: [takes: BADGE, does: PublishSteps.&badge],
        junit: [takes: [testResults: String, allowEmptyResults: Boolean, skipPublishingChecks: Boolean, checksName: String,
            skipMarkingBuildUnstable: Boolean, skipMarkingStageUnstable: Boolean, skipOldReports: Boolean,
            keepLongStdio: Boolean, stdioRetention: String, keepProperties: Boolean, keepTestNames: Boolean,
            healthScaleFactor: Object, testDataPublishers: List],
            needs: ['testResults'], node: true, does: PublishSteps.&junit],
        publishChecks: [takes: [name: String, title: String, summary: String, text: String, detailsURL: String,
            status: STATES, conclusion: CONCLUSIONS, actions: List, annotations: List],
            does: { Build build, Strand strand, Map given ->
                build.checks << given
            }],
        publishHTML: [takes: [target: TARGET], needs: ['target'], node: true, does: PublishSteps.&html],
        removeBadges: [takes: [id: String], does: { Build build, Strand strand, Map given ->
            build.badges.removeAll { given.id == null || it.id == given.id }
        }],
    ]

    private static void badge(Build build, Strand strand, Map given) {
        build.badges << given
    }

    private static void junit(Build build, Strand strand, Map given) {
        List<Path> files = FileSteps.matching(FileSteps.existing(strand.surroundings.folder), given.testResults)
        build.say('Recording test results', strand.surroundings)
        if (!files && !given.allowEmptyResults) {
            throw new AbortException('No test report files were found. Configuration error?')
        }
        List<Map> cases = files.collectMany { cases(FileSteps.file(strand, it as String)) }
        build.tests.addAll(cases)
        TestResults results = new TestResults(cases)
        if (results.failCount && !given.skipMarkingStageUnstable) {
            build.mark(strand.surroundings, 'UNSTABLE')
            if (!given.skipMarkingBuildUnstable) {
                build.worsen('UNSTABLE')
            }
        }
        build.answer(strand, results)
    }

    private static List<Map> cases(File file) {
        new XmlSlurper().parse(file).'**'.findAll { it.name() == 'testcase' }.collect { found ->
            String outcome = ['failure', 'error', 'skipped'].find { !found[it].isEmpty() }
            [class: found.@classname.text(), name: found.@name.text(), outcome: outcome ?: 'passed',
                text: outcome ? (found[outcome].@message.text() ?: found[outcome].text()) : '']
        }
    }

    /** A missing folder is no exception, but the build has failed. */
    private static void html(Build build, Strand strand, Map given) {
        Map target = given.target
        String folder = FileSteps.file(strand, target.reportDir).path
        build.say("[htmlpublisher] Archiving at ${target.keepAll ? 'BUILD' : 'PROJECT'} level ${folder}", strand.surroundings)
        List<Path> files = FileSteps.matching(folder, target.includes ?: '**/*')
        if (!files && target.allowMissing) {
            return
        }
        if (!files) {
            build.say("ERROR: Specified HTML directory '${folder}' does not exist.", strand.surroundings)
            build.worsen('FAILURE')
            return
        }
        build.reports[target.reportName] = target + [
            files: files.collectEntries { path -> [(path as String): new File(folder, path as String).bytes] },
        ]
    }
}

/** What `junit` answers. */
class TestResults implements Serializable {
    private static final long serialVersionUID = 1

    final int totalCount
    final int failCount
    final int skipCount

    TestResults(List<Map> cases) {
        totalCount = cases.size()
        failCount = cases.count { it.outcome in ['failure', 'error'] } as int
        skipCount = cases.count { it.outcome == 'skipped' } as int
    }

    int getPassCount() {
        totalCount - failCount - skipCount
    }
}
