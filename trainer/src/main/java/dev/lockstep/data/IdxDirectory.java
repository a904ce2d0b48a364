package dev.lockstep.data;

import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * A directory of IDX files, MNIST's format (yann.lecun.com/exdb/mnist): a big-endian header (magic
 * number, then the size of each dimension) and one unsigned byte a pixel or label. A file may be
 * gzipped, which its first bytes tell and not its name.
 *
 * <p>Images have three dimensions (N, height, width; magic 0x803) or four (N, height, width,
 * channels; 0x804); labels have one (0x801). Every defect of a file is a {@link
 * ConfigurationException} that names the file, the field, what was read and what was expected. No
 * more memory is taken than bytes have arrived (of an {@link Outline}, than 32 bytes an image that
 * has arrived), nor than the Java heap has free; and no more is read than the header says, and one
 * byte.
 *
 * <p>Immutable and as safe for use by many threads as its {@link FileSource}.
 */
public final class IdxDirectory {
  private static final List<String> IMAGES =
      IdxConvention.plainOrGzipped("images-idx3-ubyte", "images-idx4-ubyte");
  private static final List<String> LABELS = IdxConvention.plainOrGzipped("labels-idx1-ubyte");

  private final String name;
  private final FileSource files;
  private final IdxConvention convention;

  /** How many classes there are; 0 for as many as the highest training label and one. */
  private final int classes;

  /**
   * The directory whose {@code files} are these.
   *
   * @param name what the user calls it, usually its path: errors and the data set carry it
   */
  public IdxDirectory(String name, FileSource files) {
    this(name, files, IdxConvention.MNIST, 0);
  }

  /** The directory of a data set with conventions of its own, for {@link #dataset}. */
  IdxDirectory(String name, FileSource files, IdxConvention convention, int classes) {
    this.name = name;
    this.files = files;
    this.convention = convention;
    this.classes = classes;
  }

  /**
   * The data set in MNIST's file names: {@code train-images-idx3-ubyte} (or {@code idx4} for four
   * dimensions), {@code train-labels-idx1-ubyte}, {@code t10k-images-idx3-ubyte}, {@code
   * t10k-labels-idx1-ubyte}, each plain or with {@code .gz}; the first found in this order is read.
   * It has as many classes as the highest training label and one.
   *
   * @throws ConfigurationException if a file is missing or defect, or files do not fit together
   */
  public Dataset dataset() {
    return dataset(IdxReader::images);
  }

  /**
   * The same data set without pixels ({@link Outline}), for whoever plans a training that others
   * compute. All files are read and checked as by {@link #dataset}; an image at a time is in
   * memory, and a digest of each.
   *
   * @throws ConfigurationException as {@link #dataset}
   */
  public Dataset outline() {
    return dataset(IdxReader::outline);
  }

  private Dataset dataset(Reading<Features> reading) {
    Content<Features> trainingImages = read(convention.trainingImages(), reading);
    Content<byte[]> trainingLabels = labels(convention.trainingLabels(), trainingImages);
    int known = classes > 0 ? classes : highest(trainingLabels.value()) + 1;
    Examples training = examples(trainingImages, trainingLabels, known);
    Content<Features> testImages = read(convention.testImages(), reading);
    if (!testImages.value().shape().equals(training.shape())) {
      throw new ConfigurationException(
          "%s: images are %s but must be %s as in %s"
              .formatted(
                  path(testImages.file()),
                  testImages.value().shape(),
                  training.shape(),
                  path(trainingImages.file())));
    }
    return new Dataset(
        name, training, examples(testImages, labels(convention.testLabels(), testImages), known));
  }

  /**
   * The examples of a directory that has one set of files, {@code images-idx3-ubyte} (or {@code
   * idx4}) and {@code labels-idx1-ubyte}, each plain or with {@code .gz}. They have as many classes
   * as the highest label and one.
   *
   * @param outlined whether of the images only an {@link Outline} is kept
   * @throws ConfigurationException as {@link #dataset}
   */
  public Examples examples(boolean outlined) {
    Content<Features> images = read(IMAGES, outlined ? IdxReader::outline : IdxReader::images);
    Content<byte[]> labels = labels(LABELS, images);
    return examples(images, labels, highest(labels.value()) + 1);
  }

  /**
   * The images in the file {@code imagesFile}.
   *
   * @throws ConfigurationException if the file is missing or defect
   */
  public Images images(String imagesFile) {
    return read(List.of(imagesFile), IdxReader::images).value();
  }

  /**
   * The outline of the images in the file {@code imagesFile}, which is read and checked as by
   * {@link #images}.
   *
   * @throws ConfigurationException as {@link #images}
   */
  public Outline outline(String imagesFile) {
    return read(List.of(imagesFile), IdxReader::outline).value();
  }

  /**
   * The images in the file {@code imagesFile} with their labels in {@code labelsFile}.
   *
   * @param classes how many classes there are, 1 to 256; each label must be less
   * @throws ConfigurationException if a file is missing or defect, or they do not fit together
   */
  public Examples examples(String imagesFile, String labelsFile, int classes) {
    return labelled(read(List.of(imagesFile), IdxReader::images), labelsFile, classes);
  }

  /**
   * The same examples without pixels. Both files are read and checked as by {@link
   * #examples(String, String, int)}.
   *
   * @throws ConfigurationException as {@link #examples(String, String, int)}
   */
  public Examples outline(String imagesFile, String labelsFile, int classes) {
    return labelled(read(List.of(imagesFile), IdxReader::outline), labelsFile, classes);
  }

  private Examples labelled(Content<? extends Features> images, String labelsFile, int classes) {
    return examples(images, labels(List.of(labelsFile), images), classes);
  }

  private Examples examples(
      Content<? extends Features> images, Content<byte[]> labels, int classes) {
    for (int i = 0; i < labels.value().length; i++) {
      int label = labels.value()[i] & 0xFF;
      if (label >= classes) {
        throw new ConfigurationException(
            "%s: label %d (from 0) is %d but must be from %d to %d, for there are %d classes"
                .formatted(
                    path(labels.file()),
                    i,
                    label + convention.firstLabel(),
                    convention.firstLabel(),
                    classes - 1 + convention.firstLabel(),
                    classes));
      }
    }
    return new Examples(images.value(), classes, labels.value());
  }

  private static int highest(byte[] labels) {
    int highest = 0;
    for (byte label : labels) {
      highest = Math.max(highest, label & 0xFF);
    }
    return highest;
  }

  private Content<byte[]> labels(List<String> names, Content<? extends Features> images) {
    return read(
        names,
        reader ->
            reader.labels(images.value().size(), path(images.file()), convention.firstLabel()));
  }

  /** Reads the first file there is of {@code names}. */
  private <T> Content<T> read(List<String> names, Reading<T> reading) {
    for (String file : names) {
      try (InputStream in = files.open(file).orElse(null)) {
        if (in != null) {
          return new Content<>(
              file, reading.read(new IdxReader(path(file), in, convention.transposed())));
        }
      } catch (IOException e) {
        throw new ConfigurationException(
            "%s: cannot be read: %s"
                .formatted(path(file), e.getMessage() == null ? e.toString() : e.getMessage()),
            e);
      }
    }
    throw new ConfigurationException(
        "%s: no such file there: expected %s%s"
            .formatted(name, names.size() == 1 ? "" : "one of ", String.join(", ", names)));
  }

  private String path(String file) {
    return name.isEmpty() || name.endsWith("/") ? name + file : name + "/" + file;
  }

  /** What was read from {@code file}. */
  private record Content<T>(String file, T value) {}

  /** Reads one file. */
  private interface Reading<T> {
    T read(IdxReader reader) throws IOException;
  }
}
