package dev.lockstep.spark.job;

import dev.lockstep.data.Examples;
import dev.lockstep.spark.source.InputSource;
import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.lang.ref.SoftReference;
import java.util.UUID;

/**
 * The inputs of a job, which each JVM reads once: all of its tasks share them, for it keeps the
 * newest. Safe for use by many threads.
 */
public final class SharedInput implements Serializable {
  private static final long serialVersionUID = 1L;
  private static SoftReference<SharedInput> newest = new SoftReference<>(null);

  private final String id = UUID.randomUUID().toString();
  private final InputSource source;
  private final int classes;
  private transient Examples examples;

  /**
   * The inputs of {@code source}; they are not read yet.
   *
   * @param classes how many classes there are, 1 to 256; each label must be less
   */
  public SharedInput(InputSource source, int classes) {
    this.source = source;
    this.classes = classes;
    share(this);
  }

  private static synchronized void share(SharedInput input) {
    newest = new SoftReference<>(input);
  }

  private static synchronized SharedInput shared(SharedInput copy) {
    SharedInput known = newest.get();
    if (known != null && known.id.equals(copy.id)) {
      return known;
    }
    newest = new SoftReference<>(copy);
    return copy;
  }

  private Object readResolve() {
    return shared(this);
  }

  /** Whether the true classes of the inputs are known. */
  public boolean labelled() {
    return source.labelled();
  }

  /**
   * The inputs with their true classes; where these are not known, all are of class 0.
   *
   * @throws ConfigurationException if a file is missing or defect
   */
  public synchronized Examples examples() {
    if (examples == null) {
      examples = source.examples(classes);
    }
    return examples;
  }

  /**
   * The same as far as the driver of a cluster needs them, as {@link InputSource#outline}. Not
   * kept.
   *
   * @throws ConfigurationException as {@link #examples}
   */
  Examples outline() {
    return source.outline(classes);
  }
}
