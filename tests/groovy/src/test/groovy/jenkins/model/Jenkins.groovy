package jenkins.model

import hudson.model.View

/** What `docker/jenkins/jobs.groovy` asks of a controller that starts: items and views by their XML. */
class Jenkins {
    static Jenkins running

    final Map<String, Item> items = [:]
    final Map<String, View> views = [:]

    static Jenkins get() {
        running
    }

    Item getItemByFullName(String name) {
        items[name]
    }

    Item createProjectFromXML(String name, InputStream xml) {
        create(name, xml)
    }

    View getView(String name) {
        views[name]
    }

    void addView(View view) {
        views[view.name] = view
    }

    private Item create(String name, InputStream xml) {
        if (items.containsKey(name)) {
            throw new IllegalArgumentException("${name} already exists")
        }
        items[name] = new Item(this, name, new XmlSlurper().parse(xml))
    }

    /** A folder or a job. */
    static class Item {
        final Jenkins controller
        final String fullName
        final Object config

        Item(Jenkins controller, String fullName, Object config) {
            this.controller = controller
            this.fullName = fullName
            this.config = config
        }

        Item createProjectFromXML(String name, InputStream xml) {
            controller.create("${fullName}/${name}".toString(), xml)
        }
    }
}
