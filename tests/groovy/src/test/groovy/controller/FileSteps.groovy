package controller

import java.nio.file.FileSystems
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.PathMatcher
import java.nio.file.StandardCopyOption

/** Steps that work on files of the workspace. */
class FileSteps {
    static final Map<String, Map> TABLE = [
        archiveArtifacts: [takes: [artifacts: String, excludes: String, allowEmptyArchive: Boolean, fingerprint: Boolean,
            onlyIfSuccessful: Boolean, defaultExcludes: Boolean, caseSensitive: Boolean, followSymlinks: Boolean],
            needs: ['artifacts'], node: true, does: FileSteps.&archive],
        checkout: [takes: [scm: SourceControl, poll: Boolean, changelog: Boolean], needs: ['scm'], node: true,
            does: FileSteps.&checkout],
        deleteDir: [takes: [:], node: true, does: { Build build, Strand strand, Map given ->
            new File(strand.surroundings.folder).deleteDir()
        }],
        dir: [takes: [path: String], needs: ['path'], node: true, body: true, does: { Build build, Strand strand, Map given ->
            String path = new File(strand.surroundings.folder, given.path).path
            build.fork('dir', given.body, strand.surroundings.copyWith(folder: path), new Around(strand))
        }],
        fileExists: [takes: [file: String], needs: ['file'], node: true, does: { Build build, Strand strand, Map given ->
            build.answer(strand, file(strand, given.file).exists())
        }],
        git: [takes: [url: String, branch: String, credentialsId: String, poll: Boolean, changelog: Boolean], needs: ['url'],
            node: true, does: FileSteps.&clone],
        isUnix: [takes: [:], node: true, does: { Build build, Strand strand, Map given ->
            build.answer(strand, true)
        }],
        pwd: [takes: [tmp: Boolean], node: true, does: { Build build, Strand strand, Map given ->
            String suffix = given.tmp ? '@tmp' : ''
            build.answer(strand, strand.surroundings.folder + suffix)
        }],
        readFile: [takes: [file: String, encoding: String], needs: ['file'], node: true,
            does: { Build build, Strand strand, Map given ->
                build.answer(strand, file(strand, given.file).getText(given.encoding ?: 'UTF-8'))
            }],
        stash: [takes: [name: String, includes: String, excludes: String, useDefaultExcludes: Boolean, allowEmpty: Boolean],
            needs: ['name'], node: true, does: FileSteps.&stash],
        unstash: [takes: [name: String], needs: ['name'], node: true, does: { Build build, Strand strand, Map given ->
            Map<String, byte[]> stash = build.stashes[given.name]
            if (stash == null) {
                throw new AbortException("No such saved stash ‘${given.name}’")
            }
            stash.each { String path, byte[] content ->
                File target = file(strand, path)
                target.parentFile.mkdirs()
                target.bytes = content
            }
        }],
        writeFile: [takes: [file: String, text: String, encoding: String], needs: ['file', 'text'], node: true,
            does: { Build build, Strand strand, Map given ->
                File target = file(strand, given.file)
                target.parentFile.mkdirs()
                target.setText(given.text, given.encoding ?: 'UTF-8')
            }],
    ]

    static File file(Strand strand, String path) {
        new File(path).absolute ? new File(path) : new File(strand.surroundings.folder, path)
    }

    /** A folder that Ant is to look into. */
    static String existing(String folder) {
        if (!new File(folder).directory) {
            throw new BuildException(folder)
        }
        folder
    }

    /** Files below a folder that match one of the patterns of Ant, separated by commas. */
    static List<Path> matching(String folder, String patterns, String excluded = '') {
        if (!new File(folder).directory) {
            return []
        }
        List<PathMatcher> wanted = matchers(patterns)
        List<PathMatcher> unwanted = matchers(excluded ?: '')
        files(new File(folder).toPath()).findAll { path -> wanted.any { it.matches(path) } && !unwanted.any { it.matches(path) } }
    }

    /** Ant's `**` may be no folder at all, which Java's may not. */
    private static List<PathMatcher> matchers(String patterns) {
        patterns.split(',')*.trim().findAll().collectMany { String pattern ->
            String whole = pattern.endsWith('/') ? pattern + '**' : pattern
            [whole, whole.replace('**/', '')].unique().collect { FileSystems.default.getPathMatcher("glob:${it}") }
        }
    }

    private static List<Path> files(Path folder) {
        Files.walk(folder).iterator().findAll { path -> Files.isRegularFile(path) }.collect { folder.relativize(it) }
    }

    private static void archive(Build build, Strand strand, Map given) {
        Path folder = new File(strand.surroundings.folder).toPath()
        List<Path> kept = matching(existing(strand.surroundings.folder), given.artifacts, given.excludes)
        if (!kept && !given.allowEmptyArchive) {
            throw new AbortException("No artifacts found that match the file pattern \"${given.artifacts}\"")
        }
        kept.each { path -> build.artifacts[path as String] = folder.resolve(path).text }
    }

    private static void stash(Build build, Strand strand, Map given) {
        Path folder = new File(strand.surroundings.folder).toPath()
        List<Path> kept = matching(strand.surroundings.folder, given.includes ?: '**', given.excludes)
        if (!kept && !given.allowEmpty) {
            throw new AbortException("No files included in stash ‘${given.name}’")
        }
        build.stashes[given.name] = kept.collectEntries { path -> [(path as String): folder.resolve(path).bytes] }
    }

    /** Answers what the git plugin does, where the sources are a repository of git. */
    private static void checkout(Build build, Strand strand, Map given) {
        if (given.scm == null) {
            throw new AbortException('checkout: there is no scm')
        }
        if (build.sources == null) {
            build.answer(strand, [:])
            return
        }
        bring(build, strand, build.sources, build.variables.BRANCH_NAME)
    }

    private static void clone(Build build, Strand strand, Map given) {
        File sources = build.repositories[given.url] ?: build.sources
        if (given.credentialsId && !build.credentials.containsKey(given.credentialsId)) {
            build.say("Warning: CredentialId \"${given.credentialsId}\" could not be found.", strand.surroundings)
        }
        if (sources == null) {
            build.answer(strand, [:])
            return
        }
        bring(build, strand, sources, "origin/${given.branch ?: 'master'}", given.url)
    }

    private static void bring(Build build, Strand strand, File sources, String branch, String url = null) {
        Path from = sources.toPath()
        for (Path path in files(from)) {
            Path target = new File(strand.surroundings.folder).toPath().resolve(path)
            Files.createDirectories(target.parent)
            Files.copy(from.resolve(path), target, StandardCopyOption.REPLACE_EXISTING)
        }
        build.answer(strand, revision(sources, branch, url))
    }

    private static Map<String, String> revision(File sources, String branch, String url) {
        if (!new File(sources, '.git').exists()) {
            return [:]
        }
        [
            GIT_COMMIT: git(sources, 'rev-parse', 'HEAD'),
            GIT_BRANCH: branch ?: 'origin/' + git(sources, 'rev-parse', '--abbrev-ref', 'HEAD'),
            GIT_URL: url ?: git(sources, 'config', 'remote.origin.url') ?: sources.toURI() as String,
        ]
    }

    private static String git(File folder, String... words) {
        Process git = new ProcessBuilder('git', '-C', folder.path, *words).start()
        String answer = git.inputStream.text.trim()
        git.waitFor() == 0 ? answer : null
    }
}
