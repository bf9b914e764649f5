/* Makes the jobs of each model repository in MODELYARD_MODELS (URLs with blanks between them) when the controller starts.
   Their XML is that of `modelyard jenkins setup`, which also changes them: what is there already stays as it is. */

import hudson.model.View
import jenkins.model.Jenkins

File templates = new File('/usr/share/jenkins/modelyard/jobs')
Jenkins controller = Jenkins.get()
List urls = (System.getenv('MODELYARD_MODELS') ?: '').tokenize()
// They come to stand in XML and in a Groovy string.
List strange = urls.findAll { String url -> !(url ==~ /[\w@:.\/~+-]+/) }
if (strange) {
    throw new IllegalArgumentException("MODELYARD_MODELS: these are no URLs of git repositories: ${strange}")
}

Map models = urls.collectEntries { String url -> [(url.tokenize('/').last() - ~/\.git$/): url] }
Closure filled = { String text, String name ->
    text.replace('@NAME@', name).replace('@REPOSITORY@', models[name])
        .replace('@NETWORK@', System.getenv('MODELYARD_NETWORK') ?: '')
}
Closure stream = { String text -> new ByteArrayInputStream(text.getBytes('UTF-8')) }

models.keySet().each { String name ->
    if (controller.getItemByFullName(name) == null) {
        controller.createProjectFromXML(name, stream(filled(new File(templates, 'folder.xml').getText('UTF-8'), name)))
    }
    ['build', 'promote', 'retrain', 'override'].each { String job ->
        if (controller.getItemByFullName("${name}/${job}") == null) {
            String text = new File(templates, "${job}.xml").getText('UTF-8')
            controller.getItemByFullName(name).createProjectFromXML(job, stream(filled(text, name)))
        }
    }
}

/* A view lists the jobs of all models: its line with @NAME@ stands for one each. */
['Model builds', 'Model promotions', 'Model retraining', 'Model overrides'].each { String title ->
    if (models && controller.getView(title) == null) {
        List lines = new File(templates, "${title}.xml").readLines('UTF-8').collectMany { String line ->
            line.contains('@NAME@') ? models.keySet().collect { String name -> filled(line, name) } : [line]
        }
        controller.addView(View.createViewFromXML(title, stream(lines.join('\n'))))
    }
}
