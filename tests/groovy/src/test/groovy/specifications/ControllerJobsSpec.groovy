package specifications

import jenkins.model.Jenkins
import spock.lang.Specification
import spock.lang.Unroll

/** The jobs that the controller image makes when it starts, from the XML of `modelyard jenkins setup`. */
class ControllerJobsSpec extends Specification {
    static final String TUMOUR = 'https://git.example.com/models/tumour.git'

    Jenkins controller = new Jenkins()

    def 'each model repository has a folder with its jobs'() {
        when:
        start("${TUMOUR} git@git.example.com:models/credit")

        then:
        controller.items.keySet() == ['tumour', 'tumour/build', 'tumour/promote', 'tumour/retrain', 'tumour/override',
            'credit', 'credit/build', 'credit/promote', 'credit/retrain', 'credit/override'] as Set
        item('tumour/build').sources.data.'jenkins.branch.BranchSource'.source.remote == TUMOUR
        item('credit/promote').definition.script.text() == '''@Library('modelyard') _
mlPromote(repository: 'git@git.example.com:models/credit', gitCredentials: 'modelyard-git', agent: 'docker', \
mode: 'docker', network: 'host', credentials: 'modelyard-tools')
'''
        item('tumour/retrain').definition.sandbox == 'true'
    }

    def 'nothing is left to be filled in'() {
        when:
        start(TUMOUR)

        then:
        !(controller.items.values()*.config + controller.views.values()*.config).any { it.text().contains('@NAME@') }
        !controller.items.values().any { it.config.text() =~ /@[A-Z]+@/ }
    }

    def 'a view lists the jobs of all models'() {
        when:
        start("${TUMOUR} https://git.example.com/models/credit.git")

        then:
        controller.views['Model promotions'].config.jobNames.string*.text() == ['tumour/promote', 'credit/promote']
        controller.views['Model builds'].config.jobNames.string*.text() == ['tumour/build/main', 'credit/build/main']
        controller.views['Model overrides'].config.jobNames.string*.text() == ['tumour/override', 'credit/override']
        controller.views.size() == 4
    }

    def 'what is there stays, and what is new is added'() {
        given:
        start(TUMOUR)
        Map before = [:] + controller.items

        when:
        start("${TUMOUR} https://git.example.com/models/credit.git")

        then:
        before.every { name, item -> controller.items[name].is(item) }
        controller.items.size() == 10
    }

    @Unroll
    def '#url is no URL that may stand in a job'() {
        when:
        start(url)

        then:
        thrown(IllegalArgumentException)
        controller.items.isEmpty()

        where:
        url << ["https://git.example.com/x'+evil()+'", 'https://git.example.com/<x/>', 'https://git.example.com/$x']
    }

    def 'without a model repository there is nothing to make'() {
        when:
        start('')

        then:
        controller.items.isEmpty()
        controller.views.isEmpty()
    }

    private Object item(String name) {
        controller.items[name].config
    }

    /** As Jenkins does after its start, with this in the environment. */
    private void start(String models) {
        File folder = new File(Vars.REPOSITORY, 'docker/jenkins')
        String script = new File(folder, 'jobs.groovy').text
            .replace("System.getenv('MODELYARD_MODELS')", 'models').replace("System.getenv('MODELYARD_NETWORK')", "'host'")
            .replace('/usr/share/jenkins/modelyard', folder.path)
        Jenkins.running = controller
        new GroovyShell(getClass().classLoader, new Binding(models: models)).evaluate(script)
    }
}
