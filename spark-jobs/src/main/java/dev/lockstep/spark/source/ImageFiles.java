package dev.lockstep.spark.source;

import dev.lockstep.data.Examples;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.data.Images;
import dev.lockstep.data.Outline;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * Opens single IDX files, plain or gzipped, by the paths that a user wrote ({@link Location#of}).
 */
public final class ImageFiles {
  private static final IdxDirectory ANYWHERE = new IdxDirectory("", ImageFiles::open);

  private ImageFiles() {}

  /**
   * The images in the file {@code images}.
   *
   * @throws ConfigurationException if the file is missing or defect
   */
  public static Images images(String images) {
    return ANYWHERE.images(images);
  }

  /**
   * The images in the file {@code images} with their labels in the file {@code labels}.
   *
   * @param classes how many classes there are, 1 to 256; each label must be less
   * @throws ConfigurationException if a file is missing or defect, or they do not fit together
   */
  public static Examples examples(String images, String labels, int classes) {
    return ANYWHERE.examples(images, labels, classes);
  }

  /**
   * The outline of {@link #images}. The file is streamed through and checked in full.
   *
   * @throws ConfigurationException as {@link #images}
   */
  public static Outline outline(String images) {
    return ANYWHERE.outline(images);
  }

  /**
   * The {@link #examples} with an outline for features. Files are streamed through and checked in
   * full.
   *
   * @throws ConfigurationException as {@link #examples}
   */
  public static Examples outline(String images, String labels, int classes) {
    return ANYWHERE.outline(images, labels, classes);
  }

  private static Optional<InputStream> open(String path) throws IOException {
    Optional<InputStream> file = Location.of(path).open();
    if (file.isEmpty()) {
      throw new ConfigurationException(
          path + ": there is no such file; expected an IDX file, plain or .gz");
    }
    return file;
  }
}
