package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.spark.source.DatasetSource.EmbeddedMnist;
import dev.lockstep.spark.source.DatasetSource.IdxFiles;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetSourceTest {
  @TempDir Path directory;

  @Test
  void mnistComesWithTheProgramAndIsTheDefault() {
    Section section = Section.parse("a.yaml", "dataset: mnist");

    DatasetSource source = DatasetSource.read(section);

    section.done();
    assertThat(source).isEqualTo(new EmbeddedMnist());
    assertThat(DatasetSource.read(Section.parse("a.yaml", ""))).isEqualTo(source);
    assertThat(source.load().training().size()).isEqualTo(60_000);
    assertThat(source.load().test().size()).isEqualTo(10_000);
    assertThat(source.load()).isSameAs(new EmbeddedMnist().load());
  }

  @Test
  void idxFilesAreReadByPathAndByUri() throws IOException {
    writeDataset(3);
    for (String written : List.of(directory.toString(), directory.toUri().toString())) {
      Section section = Section.parse("a.yaml", "dataset: {idx: '" + written + "'}");

      Dataset dataset = DatasetSource.read(section).load();

      section.done();
      assertThat(dataset.name()).isEqualTo(directory.toString());
      assertThat(dataset.shape()).isEqualTo(new Shape(2, 2, 1));
      assertThat(dataset.classes()).isEqualTo(3);
      assertThat(dataset.training().size()).isEqualTo(3);
      assertThat(dataset.test().size()).isEqualTo(2);
      assertThat(dataset.training().label(2)).isEqualTo(2);
    }
  }

  @Test
  void anExecutorElsewhereOpensWhatTheDriverDescribed() throws Exception {
    Path here = Path.of("").toAbsolutePath();
    DatasetSource source =
        DatasetSource.read(Section.parse("a.yaml", "dataset: {idx: data/fashion}"));
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(sent)) {
      out.writeObject(source);
    }

    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(sent.toByteArray()))) {
      assertThat(in.readObject())
          .isEqualTo(source)
          .isEqualTo(new IdxFiles(here.resolve("data/fashion").toString()));
    }
  }

  @Test
  void workersOfOneJvmShareOneCopy() throws Exception {
    writeDataset(3);
    DatasetSource source = IdxFiles.in(directory.toString());
    int workers = 8;
    CyclicBarrier start = new CyclicBarrier(workers);
    ExecutorService threads = Executors.newFixedThreadPool(workers);
    try {
      List<Future<Dataset>> loaded = new ArrayList<>();
      for (int i = 0; i < workers; i++) {
        loaded.add(
            threads.submit(
                () -> {
                  start.await();
                  return source.load();
                }));
      }
      Dataset first = source.load();
      for (Future<Dataset> other : loaded) {
        assertThat(other.get()).isSameAs(first);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void theDriverOfAClusterSeesLabelsAndFingerprintsWithoutThePixels() throws IOException {
    writeDataset(3);
    for (DatasetSource source : List.of(IdxFiles.in(directory.toString()), new EmbeddedMnist())) {
      Dataset outline = source.outline();

      Dataset whole = source.load();
      assertThat(outline.training().fingerprint()).isEqualTo(whole.training().fingerprint());
      assertThat(outline.test().fingerprint()).isEqualTo(whole.test().fingerprint());
      assertThat(outline.training().label(2)).isEqualTo(whole.training().label(2));
      assertThatThrownBy(() -> outline.training().copy(0, new float[28 * 28], 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("without their numbers");
    }
  }

  @Test
  void changedFilesAreReadAnew() throws IOException {
    writeDataset(3);
    DatasetSource source = IdxFiles.in(directory.toString());
    Dataset before = source.load();

    writeDataset(4);
    assertThat(source.load().training().size()).isEqualTo(4);

    Path labels = directory.resolve("train-labels-idx1-ubyte");
    Dataset same = source.load();
    Files.setLastModifiedTime(labels, FileTime.fromMillis(1));
    assertThat(source.load()).isNotSameAs(same).isNotSameAs(before);
  }

  @Test
  void otherFilesInTheDirectoryDoNotCount() throws IOException {
    writeDataset(3);
    DatasetSource source = IdxFiles.in(directory.toString());
    Dataset before = source.load();

    Files.createFile(directory.resolve("README"));

    assertThat(source.load()).isSameAs(before);
  }

  @Test
  void aLoadThatFailedIsTriedAgain() {
    DatasetCache cache = new DatasetCache();
    AtomicInteger tries = new AtomicInteger();
    Dataset dataset = new EmbeddedMnist().load();

    assertThatThrownBy(
            () ->
                cache.get(
                    new EmbeddedMnist(),
                    List.of(),
                    () -> {
                      tries.incrementAndGet();
                      throw new ConfigurationException("as a test");
                    }))
        .hasMessage("as a test");

    assertThat(cache.get(new EmbeddedMnist(), List.of(), () -> dataset)).isSameAs(dataset);
    assertThat(tries).hasValue(1);
  }

  @Test
  void whatIsMissingIsNamed() throws IOException {
    Path missing = directory.resolve("missing");
    Path file = Files.createFile(directory.resolve("file"));

    assertRefused(
        () -> IdxFiles.in(missing.toString()).load(),
        missing + ": there is no such directory",
        "train-images-idx3-ubyte");
    assertRefused(
        () -> IdxFiles.in(missing.toString()).outline(), missing + ": there is no such directory");
    assertRefused(
        () -> IdxFiles.in(file.toString()).load(),
        file + ": cannot be listed",
        "expected a directory of IDX files");
    assertRefused(
        () -> IdxFiles.in(directory.toString()).load(),
        directory + ": no such file there",
        "train-images-idx3-ubyte");
  }

  @Test
  void aDatasetOfAnotherKindIsRefused() {
    assertRefused(
        () -> DatasetSource.read(Section.parse("a.yaml", "dataset: minst")),
        "a.yaml: dataset is 'minst' but must be " + Configuration.DATASETS);
    assertRefused(
        () -> DatasetSource.read(Section.parse("a.yaml", "dataset: [mnist]")),
        "a.yaml: dataset is a list but must be " + Configuration.DATASETS);
    assertRefused(
        () -> DatasetSource.read(Section.parse("a.yaml", "dataset: {idx: a, gzip: true}")),
        "a.yaml: dataset: unknown key 'gzip'");
    assertRefused(
        () -> DatasetSource.read(Section.parse("a.yaml", "dataset: {}")),
        "a.yaml: dataset: has no key but must have one of idx, parquet, partitions, name");
    assertRefused(
        () -> DatasetSource.read(Section.parse("a.yaml", "dataset: {parqet: a, label: b}")),
        "a.yaml: dataset: has the keys parqet, label but must have one of idx, parquet, partitions,"
            + " name; did you mean 'parquet'?");
  }

  @Test
  void imagesAndLabelsAreOpenedByTheirPaths() throws IOException {
    Path images = directory.resolve("pictures.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(images))) {
      out.write(images(5));
    }
    Path labels = Files.createDirectory(directory.resolve("elsewhere")).resolve("labels");
    Files.write(labels, labels(5));

    Examples examples = ImageFiles.examples(images.toString(), labels.toUri().toString(), 5);

    assertThat(ImageFiles.images(images.toUri().toString()).size()).isEqualTo(5);
    assertThat(examples.size()).isEqualTo(5);
    assertThat(examples.label(4)).isEqualTo(4);
    assertRefused(
        () -> ImageFiles.examples(images.toString(), labels.toString(), 4),
        labels + ": label 4 (from 0) is 4 but must be from 0 to 3");
    assertRefused(
        () -> ImageFiles.images(directory + "/none"),
        directory + "/none: there is no such file; expected an IDX file");
    assertRefused(() -> ImageFiles.images(directory.toString()), directory + ": cannot be read");
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable action, String... parts) {
    assertThatThrownBy(action)
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContainingAll(parts);
  }

  /** {@code training} training and 2 test images of 2 x 2; image i is of class i. */
  private void writeDataset(int training) throws IOException {
    Files.write(directory.resolve("train-images-idx3-ubyte"), images(training));
    Files.write(directory.resolve("train-labels-idx1-ubyte"), labels(training));
    Files.write(directory.resolve("t10k-images-idx3-ubyte"), images(2));
    Files.write(directory.resolve("t10k-labels-idx1-ubyte"), labels(2));
  }

  private static byte[] images(int count) {
    ByteBuffer file = ByteBuffer.allocate(16 + 4 * count);
    return file.putInt(0x803).putInt(count).putInt(2).putInt(2).array();
  }

  private static byte[] labels(int count) {
    ByteBuffer file = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
    for (int i = 0; i < count; i++) {
      file.put((byte) i);
    }
    return file.array();
  }
}
