package controller

import com.cloudbees.groovy.cps.ObjectInputStreamWithLoader

/** All that a controller keeps of a running pipeline, and reads back after a restart. */
class Program implements Serializable {
    private static final long serialVersionUID = 1

    final List<Strand> strands = []
    int next = 1

    /** This program after a way through its file; what holds anything that cannot be written fails here. */
    Program restored(ClassLoader loader) {
        ByteArrayOutputStream file = new ByteArrayOutputStream()
        new ObjectOutputStream(file).withStream { it.writeObject(this) }
        new ObjectInputStreamWithLoader(new ByteArrayInputStream(file.toByteArray()), loader).readObject()
    }
}
