package hudson.model

/** A view, by its XML. */
class View {
    final String name
    final Object config

    View(String name, Object config) {
        this.name = name
        this.config = config
    }

    static View createViewFromXML(String name, InputStream xml) {
        new View(name, new XmlSlurper().parse(xml))
    }
}
