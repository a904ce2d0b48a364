package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdxDirectoryTest {
  private static final Map<String, byte[]> SMALL =
      Map.of(
          "train-images-idx3-ubyte", IdxFile.images(3, 2, 5),
          "train-labels-idx1-ubyte", IdxFile.labels(0, 6, 2),
          "t10k-images-idx3-ubyte", IdxFile.images(2, 2, 5),
          "t10k-labels-idx1-ubyte", IdxFile.labels(6, 1));

  @Test
  void sizesAndClassesAreReadFromTheFiles() {
    Dataset dataset = IdxFile.directory(SMALL).dataset();

    assertThat(dataset.name()).isEqualTo("digits");
    assertThat(dataset.shape()).isEqualTo(new Shape(2, 5, 1));
    assertThat(dataset.classes()).isEqualTo(7);
    assertThat(dataset.training().size()).isEqualTo(3);
    assertThat(dataset.test().size()).isEqualTo(2);
    assertThat(dataset.training().label(1)).isEqualTo(6);
    assertThat(dataset.test().label(1)).isEqualTo(1);
    assertThat(numbers(dataset.training().features(), 1)).containsExactly(scaled(10, 19));
  }

  @Test
  void gzippedFilesGiveTheSameDataset() {
    Map<String, byte[]> zipped = new HashMap<>();
    SMALL.forEach((name, content) -> zipped.put(name + ".gz", IdxFile.gzip(content)));

    assertThat(IdxFile.directory(zipped).dataset().training().fingerprint())
        .isEqualTo(IdxFile.directory(SMALL).dataset().training().fingerprint());
  }

  @Test
  void anOutlineHasEverythingButThePixels() {
    Map<String, byte[]> files = new HashMap<>(SMALL);
    files.remove("train-images-idx3-ubyte");
    files.remove("t10k-images-idx3-ubyte");
    files.put(
        "train-images-idx4-ubyte", IdxFile.of(new int[] {0x804, 3, 1, 2, 3}, IdxFile.counting(18)));
    files.put(
        "t10k-images-idx4-ubyte", IdxFile.of(new int[] {0x804, 2, 1, 2, 3}, IdxFile.counting(12)));
    Dataset dataset = IdxFile.directory(files).dataset();

    Dataset outline = IdxFile.directory(files).outline();

    assertThat(outline.name()).isEqualTo(dataset.name());
    assertThat(outline.shape()).isEqualTo(dataset.shape());
    assertThat(outline.classes()).isEqualTo(dataset.classes());
    assertThat(outline.training().size()).isEqualTo(3);
    assertThat(outline.training().label(1)).isEqualTo(6);
    assertThat(outline.training().fingerprint()).isEqualTo(dataset.training().fingerprint());
    assertThat(outline.test().fingerprint()).isEqualTo(dataset.test().fingerprint());
    assertThatIllegalStateException()
        .isThrownBy(() -> outline.training().copy(0, new float[6], 0))
        .withMessage("this is an outline of 3 inputs, without their numbers");
  }

  @Test
  void gzipIsToldByTheFirstBytesAndNotByTheName() {
    byte[] plain = IdxFile.images(3, 2, 5);
    IdxDirectory directory =
        IdxFile.directory(Map.of("plain.gz", plain, "zipped", IdxFile.gzip(plain)));

    assertThat(numbers(directory.images("plain.gz"), 2)).containsExactly(scaled(20, 29));
    assertThat(numbers(directory.images("zipped"), 2)).containsExactly(scaled(20, 29));
  }

  /** Of each image the file holds pixel by pixel its channels, and the memory plane by plane. */
  @Test
  void channelsComeLastInTheFileAndFirstInMemory() {
    Map<String, byte[]> files = new HashMap<>(SMALL);
    byte[] images = {11, 21, 31, 12, 22, 32, 13, 23, 33, 14, 24, 34};
    files.remove("train-images-idx3-ubyte");
    files.remove("t10k-images-idx3-ubyte");
    files.put("train-images-idx4-ubyte", IdxFile.of(new int[] {0x804, 1, 2, 2, 3}, images));
    files.put("train-labels-idx1-ubyte", IdxFile.labels(1));
    files.put("t10k-images-idx4-ubyte.gz", IdxFile.of(new int[] {0x804, 1, 2, 2, 3}, images));
    files.put("t10k-labels-idx1-ubyte", IdxFile.labels(1));

    Dataset dataset = IdxFile.directory(files).dataset();

    assertThat(dataset.shape()).isEqualTo(new Shape(2, 2, 3));
    float[] numbers = numbers(dataset.training().features(), 0);
    float[] expected = {11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34};
    for (int i = 0; i < expected.length; i++) {
      assertThat(numbers[i]).isEqualTo(expected[i] / 255);
    }
  }

  @Test
  void onePairOfFilesIsReadByItsNames() {
    IdxDirectory directory =
        IdxFile.directory(Map.of("a", IdxFile.images(2, 1, 1), "b", IdxFile.labels(3, 0)));

    Examples examples = directory.examples("a", "b", 10);

    assertThat(examples.classes()).isEqualTo(10);
    assertThat(examples.label(0)).isEqualTo(3);
  }

  @Test
  void localDirectoryIsReadFromDisk(@TempDir Path folder) throws IOException {
    for (Map.Entry<String, byte[]> file : SMALL.entrySet()) {
      Files.write(folder.resolve(file.getKey() + ".gz"), IdxFile.gzip(file.getValue()));
    }

    Dataset dataset = new IdxDirectory(folder.toString(), FileSource.directory(folder)).dataset();

    assertThat(dataset.name()).isEqualTo(folder.toString());
    assertThat(dataset.training().fingerprint())
        .isEqualTo(IdxFile.directory(SMALL).dataset().training().fingerprint());
  }

  @Test
  void missingFileIsNamedWithEveryNameTried(@TempDir Path folder) {
    assertError(
        () -> IdxFile.directory(Map.of()).dataset(),
        "digits: no such file there: expected one of train-images-idx3-ubyte,"
            + " train-images-idx3-ubyte.gz, train-images-idx4-ubyte, train-images-idx4-ubyte.gz");
    assertError(
        without("t10k-labels-idx1-ubyte"),
        "digits: no such file there: expected one of t10k-labels-idx1-ubyte,"
            + " t10k-labels-idx1-ubyte.gz");
    assertError(
        () -> new IdxDirectory("/no", FileSource.directory(folder.resolve("no"))).images("some"),
        "/no: no such file there: expected some");
  }

  @Test
  void fileThatCannotBeReadIsNamed(@TempDir Path folder) throws IOException {
    Files.createDirectory(folder.resolve("images"));
    IdxDirectory disk = new IdxDirectory("disk/", FileSource.directory(folder));
    IdxDirectory failing =
        new IdxDirectory(
            "far",
            name -> {
              throw new IOException("connection lost");
            });

    assertError(() -> disk.images("images"), "disk/images: cannot be read: Is a directory");
    assertError(() -> failing.images("images"), "far/images: cannot be read: connection lost");
  }

  @Test
  void wrongMagicNumber() {
    String expected =
        " but must be 0x00000803 (images: N, height, width) or 0x00000804 (N, height, width,"
            + " channels)";
    assertImagesError(
        IdxFile.of(new int[] {0x0D03, 1, 1, 1}),
        "digits/images: magic number is 0x00000D03" + expected);
    assertImagesError(
        IdxFile.of(new int[] {0x03080000, 1, 1, 1}),
        "digits/images: magic number is 0x03080000" + expected);
    assertImagesError(
        IdxFile.labels(1, 2, 3), "digits/images: magic number is 0x00000801 (labels)" + expected);
    assertLabelsError(
        IdxFile.images(1, 1, 1),
        "digits/labels: magic number is 0x00000803 (images) but must be 0x00000801 (labels: N)");
  }

  @Test
  void dimensionThatIsNotPositive() {
    assertImagesError(
        IdxFile.of(new int[] {0x803, -1, 28, 28}),
        "digits/images: number of images is -1 but must be from 1 to 2147483647");
    assertImagesError(
        IdxFile.of(new int[] {0x803, 0, 28, 28}),
        "digits/images: number of images is 0 but must be from 1 to 2147483647");
    assertImagesError(
        IdxFile.of(new int[] {0x803, 1, Integer.MIN_VALUE, 28}),
        "digits/images: height is -2147483648 but must be from 1 to 2147483647");
    assertImagesError(
        IdxFile.of(new int[] {0x803, 1, 28, 0}),
        "digits/images: width is 0 but must be from 1 to 2147483647");
    assertImagesError(
        IdxFile.of(new int[] {0x804, 1, 28, 28, -3}),
        "digits/images: channels is -3 but must be from 1 to 2147483647");
    assertLabelsError(
        IdxFile.of(new int[] {0x801, -7}),
        "digits/labels: number of labels is -7 but must be from 1 to 2147483647");
  }

  @Test
  void dimensionsWhoseProductOverflows() {
    assertImagesError(
        IdxFile.of(new int[] {0x803, 1, 65536, 65536}),
        "digits/images: size of an image is height 65536 x width 65536 x channels 1 but must be at"
            + " most 16777216 numbers");
    int most = Integer.MAX_VALUE;
    assertImagesError(
        IdxFile.of(new int[] {0x804, most, most, most, most}),
        "digits/images: size of an image is height 2147483647 x width 2147483647 x channels"
            + " 2147483647 but must be at most 16777216 numbers");
    assertImagesError(
        IdxFile.of(new int[] {0x804, 1, 4096, 4096, 256}),
        "digits/images: size of an image is height 4096 x width 4096 x channels 256 but must be at"
            + " most 16777216 numbers");
  }

  @Test
  void headerThatEndsEarly() {
    assertImagesError(
        new byte[0],
        "digits/images: the header ends in its field 'magic number', after 0 of 4 bytes");
    assertImagesError(
        new byte[] {0, 0, 8},
        "digits/images: the header ends in its field 'magic number', after 3 of 4 bytes");
    assertImagesError(
        Arrays.copyOf(IdxFile.images(1, 2, 3), 14),
        "digits/images: the header ends in its field 'width', after 2 of 4 bytes");
    assertLabelsError(
        IdxFile.of(new int[] {0x801}),
        "digits/labels: the header ends in its field 'number of labels', after 0 of 4 bytes");
  }

  @Test
  void fileThatIsShorterThanItsHeaderSays() {
    assertImagesError(
        Arrays.copyOf(IdxFile.images(3, 2, 5), 16 + 14),
        "digits/images: ends in image 1 (from 0), after 4 of its 10 bytes, but must have 3 images"
            + " of 2 x 5, as its header says");
    assertImagesError(
        IdxFile.of(new int[] {0x803, Integer.MAX_VALUE, 4096, 4096}, new byte[5]),
        "digits/images: ends in image 0 (from 0), after 5 of its 16777216 bytes, but must have"
            + " 2147483647 images of 4096 x 4096, as its header says");
    assertLabelsError(
        IdxFile.of(new int[] {0x801, 2}, new byte[1]),
        "digits/labels: ends after label 1 but must have 2 labels, as its header says");
  }

  @Test
  void fileThatIsLongerThanItsHeaderSays() {
    assertImagesError(
        IdxFile.of(new int[] {0x803, 1, 2, 2}, new byte[5]),
        "digits/images: has more bytes after its header than 4 (1 images of 2 x 2), as its header"
            + " says");
    assertLabelsError(
        IdxFile.of(new int[] {0x801, 2}, new byte[3]),
        "digits/labels: has more bytes after its header than 2 (2 labels), as its header says");
  }

  @Test
  void gzipThatIsNotWhole() {
    byte[] whole = IdxFile.gzip(IdxFile.images(3, 2, 5));
    byte[] wrongSum = whole.clone();
    wrongSum[whole.length - 8] ^= 1;

    assertImagesError(
        Arrays.copyOf(whole, whole.length - 12),
        "digits/images: begins like gzip but is not whole: Unexpected end of ZLIB input stream;"
            + " copy or download it again");
    assertImagesError(
        wrongSum,
        "digits/images: begins like gzip but is not whole: Corrupt GZIP trailer; copy or download it"
            + " again");
    assertImagesError(
        new byte[] {0x1F, (byte) 0x8B, 0, 0, 0, 0, 0, 0, 0, 0},
        "digits/images: begins like gzip but is not whole: Unsupported compression method; copy or"
            + " download it again");
  }

  @Test
  void gzipMayHaveSeveralMembers() {
    byte[] plain = IdxFile.images(3, 2, 5);
    for (int cut = 0; cut <= plain.length; cut++) {
      byte[] members =
          joined(
              IdxFile.gzip(Arrays.copyOf(plain, cut)),
              IdxFile.gzip(Arrays.copyOfRange(plain, cut, plain.length)));
      Images images = IdxFile.directory(Map.of("images", members)).images("images");
      assertThat(numbers(images, 2)).containsExactly(scaled(20, 29));
    }
  }

  /** Some of so many bytes fit beside the trailer into the buffer in which gzip is unpacked. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10, 18, 19, 100, 70_000})
  void bytesAfterTheEndOfGzip(int count) {
    byte[] whole = IdxFile.gzip(IdxFile.images(3, 2, 5));
    byte[] labels = IdxFile.gzip(IdxFile.labels(1, 2));
    byte[] garbage = new byte[count];
    Arrays.fill(garbage, (byte) 7);
    String problem = " has bytes after the end of its gzip data; copy or download it again";

    assertImagesError(joined(whole, garbage), "digits/images:" + problem);
    assertImagesError(
        joined(whole, new byte[] {0x1F, (byte) 0x8B}, garbage), "digits/images:" + problem);
    assertLabelsError(joined(labels, garbage), "digits/labels:" + problem);
  }

  /** The end of the gzip data at every place of the buffer's end. */
  @Test
  void bytesAfterTheEndOfGzipOfAnyLength() {
    for (int size = 65_490; size < 65_540; size++) {
      byte[] noise = new byte[size];
      for (int i = 0; i < size; i++) {
        noise[i] = (byte) CounterRandom.bits(1, i);
      }
      byte[] whole = IdxFile.gzip(IdxFile.of(new int[] {0x803, 1, 1, size}, noise));

      assertThat(IdxFile.directory(Map.of("images", whole)).images("images").size()).isEqualTo(1);
      assertImagesError(
          joined(whole, new byte[] {7}),
          "digits/images: has bytes after the end of its gzip data; copy or download it again");
    }
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }

  @Test
  void gzipThatUnpacksPastItsHeadersSizeIsReadNoFurther() {
    byte[] noise = new byte[2_000_000];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (byte) CounterRandom.bits(1, i);
    }
    byte[] bomb = IdxFile.gzip(IdxFile.of(new int[] {0x803, 1, 2, 2}, noise));
    AtomicLong read = new AtomicLong();
    IdxDirectory directory = new IdxDirectory("digits", name -> Optional.of(counted(bomb, read)));

    assertError(
        () -> directory.images("images"),
        "digits/images: has more bytes after its header than 4 (1 images of 2 x 2), as its header"
            + " says");
    assertThat(read).hasValueLessThan(bomb.length / 4);
  }

  @Test
  void labelsOutsideTheClasses() {
    Map<String, byte[]> files = new HashMap<>(SMALL);
    files.put("t10k-labels-idx1-ubyte", IdxFile.labels(1, 7));

    assertError(
        () -> IdxFile.directory(files).dataset(),
        "digits/t10k-labels-idx1-ubyte: label 1 (from 0) is 7 but must be from 0 to 6, for there are"
            + " 7 classes");
    assertError(
        () ->
            IdxFile.directory(Map.of("a", IdxFile.images(1, 1, 1), "b", IdxFile.labels(200)))
                .examples("a", "b", 10),
        "digits/b: label 0 (from 0) is 200 but must be from 0 to 9, for there are 10 classes");
  }

  @Test
  void countsOfImagesAndLabelsThatDiffer() {
    assertLabelsError(
        IdxFile.labels(1, 2, 3),
        "digits/labels: number of labels is 3 but must be 2, the number of images in"
            + " digits/images");
    assertLabelsError(
        IdxFile.of(new int[] {0x801, Integer.MAX_VALUE}),
        "digits/labels: number of labels is 2147483647 but must be 2, the number of images in"
            + " digits/images");
  }

  @Test
  void trainingAndTestImagesOfDifferentSize() {
    Map<String, byte[]> files = new HashMap<>(SMALL);
    files.put("t10k-images-idx3-ubyte", IdxFile.images(2, 5, 2));

    assertError(
        () -> IdxFile.directory(files).dataset(),
        "digits/t10k-images-idx3-ubyte: images are 5 x 2 but must be 2 x 5 as in"
            + " digits/train-images-idx3-ubyte");
  }

  /** A file as large as its header says, but larger than the heap of the process that reads it. */
  @ParameterizedTest
  @CsvSource({"1 x 1, false", "28 x 28, false", "4096 x 4096, false", "1 x 1, true"})
  void fileLargerThanTheHeapIsAnErrorAndNotAnOutOfMemoryError(
      String size, boolean outlined, @TempDir Path folder) throws Exception {
    int side = Integer.parseInt(size.split(" ")[0]);
    int count = 300_000_000 / (side * side);
    try (GZIPOutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("images-idx3-ubyte")), 1 << 16)) {
      gzip.write(IdxFile.of(new int[] {0x803, count, side, side}));
      byte[] million = new byte[1_000_000];
      for (int i = 0; i < 300; i++) {
        gzip.write(million);
      }
    }

    String output = inJavaWithHeapOf("96m", folder, outlined);

    assertThat(output)
        .startsWith(
            "ConfigurationException: bomb/images-idx3-ubyte: %s%d images of %s, as its header says, do not fit"
                    .formatted(outlined ? "the digests of " : "", count, size)
                + " into the Java heap of 96 MB: it was full after ")
        .endsWith("; give the process more memory");
  }

  private static String inJavaWithHeapOf(String heap, Path folder, boolean outlined)
      throws Exception {
    Process java =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx" + heap,
                    "-cp",
                    System.getProperty("java.class.path"),
                    ReadImages.class.getName(),
                    folder.toString(),
                    Boolean.toString(outlined)))
            .redirectErrorStream(true)
            .start();
    try {
      String output = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(java.waitFor(60, TimeUnit.SECONDS)).isTrue();
      return output.strip();
    } finally {
      java.destroyForcibly();
    }
  }

  /** Reads the images of a folder, or their outline, and prints what comes of it. */
  static final class ReadImages {
    private ReadImages() {}

    public static void main(String[] arguments) {
      try {
        Examples examples =
            new IdxDirectory("bomb", FileSource.directory(Path.of(arguments[0])))
                .examples(Boolean.parseBoolean(arguments[1]));
        System.out.println(examples.size() + " examples");
      } catch (Throwable e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  private static InputStream counted(byte[] content, AtomicLong read) {
    return new java.io.ByteArrayInputStream(content) {
      @Override
      public synchronized int read(byte[] target, int offset, int length) {
        int count = super.read(target, offset, length);
        read.addAndGet(Math.max(count, 0));
        return count;
      }
    };
  }

  private static ThrowingCallable without(String file) {
    Map<String, byte[]> files = new HashMap<>(SMALL);
    files.remove(file);
    return () -> IdxFile.directory(files).dataset();
  }

  private static void assertImagesError(byte[] images, String message) {
    assertError(() -> IdxFile.directory(Map.of("images", images)).images("images"), message);
  }

  private static void assertLabelsError(byte[] labels, String message) {
    assertError(
        () ->
            IdxFile.directory(Map.of("images", IdxFile.images(2, 1, 1), "labels", labels))
                .examples("images", "labels", 10),
        message);
  }

  private static void assertError(ThrowingCallable code, String message) {
    assertThatExceptionOfType(ConfigurationException.class).isThrownBy(code).withMessage(message);
  }

  private static float[] numbers(Features images, int image) {
    float[] numbers = new float[images.shape().size()];
    images.copy(image, numbers, 0);
    return numbers;
  }

  private static float[] scaled(int from, int to) {
    float[] numbers = new float[to - from + 1];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (from + i) / 255f;
    }
    return numbers;
  }
}
