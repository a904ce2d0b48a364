package dev.lockstep.spark.storage;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A place on a file system that may stop answering.
 *
 * @param patience with one operation, or one read of an open file
 */
record PatientLocation(Location place, Patience patience) implements Location {
  /** A read costs a thread, and so there should be few. */
  private static final int BUFFER = 1 << 18;

  PatientLocation(Location place, Duration timeout) {
    this(place, new Patience(place.toString(), timeout));
  }

  @Override
  public Location child(String name) {
    return new PatientLocation(place.child(name), patience.timeout());
  }

  @Override
  public String absolute() {
    return place.absolute();
  }

  @Override
  public org.apache.hadoop.fs.Path hadoopPath() {
    return place.hadoopPath();
  }

  @Override
  public Optional<InputStream> open() throws IOException {
    return patience
        .await("be opened", place::open)
        .map(stream -> new BufferedInputStream(patience.reading(stream), BUFFER));
  }

  @Override
  public Optional<List<StoredFile>> files() throws IOException {
    return patience.await("be listed", place::files);
  }

  @Override
  public List<String> directories() throws IOException {
    return patience.await("be listed", place::directories);
  }

  @Override
  public void rename(String name) throws IOException {
    patience.perform("be renamed", () -> place.rename(name));
  }

  @Override
  public void delete() throws IOException {
    patience.perform("be deleted", () -> place.delete());
  }

  @Override
  public boolean createDirectory() throws IOException {
    return patience.await("be created", place::createDirectory);
  }

  @Override
  public void prepare() throws IOException {
    patience.perform("be prepared", () -> place.prepare());
  }

  @Override
  public void write(Content content) throws IOException {
    patience.perform("be written", () -> place.write(content));
  }

  @Override
  public boolean create(Content content) throws IOException {
    return patience.await("be created", () -> place.create(content));
  }

  @Override
  public String toString() {
    return place.toString();
  }
}
