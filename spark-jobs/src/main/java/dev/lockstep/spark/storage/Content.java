package dev.lockstep.spark.storage;

import java.io.IOException;
import java.io.OutputStream;

/** What a file is to hold. */
@FunctionalInterface
public interface Content {
  /** Writes all of it to {@code out}, which need not be closed. */
  void writeTo(OutputStream out) throws IOException;
}
