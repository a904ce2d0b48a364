package dev.lockstep.data;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Data sets in MNIST's format that are known by name: grey images of 28 x 28. They do not come with
 * the program. Of EMNIST's files, which are published in one archive, no sums of each are known.
 */
public enum MnistRelative {
  /** Zalando's articles of clothing (Xiao, Rasul and Vollgraf, 2017; MIT licence). */
  FASHION_MNIST(
      "fashion-mnist",
      10,
      "https://github.com/zalandoresearch/fashion-mnist",
      Map.of(
          "train-images-idx3-ubyte.gz",
          "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
          "train-labels-idx1-ubyte.gz",
          "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
          "t10k-images-idx3-ubyte.gz",
          "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
          "t10k-labels-idx1-ubyte.gz",
          "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")),
  /** Kuzushiji-MNIST, cursive Japanese characters (Clanuwat et al., 2018; CC BY-SA 4.0). */
  KMNIST(
      "kmnist",
      10,
      "http://codh.rois.ac.jp/kmnist",
      Map.of(
          "train-images-idx3-ubyte.gz",
          "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
          "train-labels-idx1-ubyte.gz",
          "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
          "t10k-images-idx3-ubyte.gz",
          "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
          "t10k-labels-idx1-ubyte.gz",
          "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c")),
  /** EMNIST's digits in MNIST's sizes (Cohen, Afshar, Tapson and van Schaik, 2017). */
  EMNIST_MNIST("emnist-mnist", 10, 0),
  /** All of EMNIST's digits. */
  EMNIST_DIGITS("emnist-digits", 10, 0),
  /** EMNIST's letters, upper and lower case in one class; its files count them from 1. */
  EMNIST_LETTERS("emnist-letters", 26, 1),
  /** EMNIST's digits and letters, as many of each, similar cases in one class. */
  EMNIST_BALANCED("emnist-balanced", 47, 0),
  /** All of EMNIST's digits and letters. */
  EMNIST_BYCLASS("emnist-byclass", 62, 0),
  /** All of EMNIST's digits and letters, similar cases in one class. */
  EMNIST_BYMERGE("emnist-bymerge", 47, 0);

  private final String word;
  private final int classes;
  private final String home;
  private final IdxConvention convention;
  private final SortedMap<String, String> sums;

  MnistRelative(String word, int classes, String home, Map<String, String> sums) {
    this.word = word;
    this.classes = classes;
    this.home = home;
    this.convention = IdxConvention.gzipped("train", "t10k", false, 0);
    this.sums = new TreeMap<>(sums);
  }

  /** One of EMNIST's, whose images lie on their sides. */
  MnistRelative(String word, int classes, int firstLabel) {
    this.word = word;
    this.classes = classes;
    this.home = "https://www.nist.gov/itl/products-and-services/emnist-dataset (its gzip.zip)";
    this.convention = IdxConvention.gzipped(word + "-train", word + "-test", true, firstLabel);
    this.sums = new TreeMap<>();
  }

  /** The one that {@code word} names. */
  public static Optional<MnistRelative> named(String word) {
    return Arrays.stream(values()).filter(each -> each.word.equals(word)).findFirst();
  }

  /** The names of all. */
  public static List<String> words() {
    return Arrays.stream(values()).map(MnistRelative::word).toList();
  }

  /** Its name in a configuration. */
  public String word() {
    return word;
  }

  /** How many classes it has. */
  public int classes() {
    return classes;
  }

  /** Where its authors publish it. */
  public String home() {
    return home;
  }

  /** Its files: training images, training labels, test images, test labels. */
  public List<String> files() {
    return convention.files();
  }

  /** The published SHA-256 of the file {@code name}, as 64 hexadecimal digits, if it is known. */
  public Optional<String> sum(String name) {
    return Optional.ofNullable(sums.get(name));
  }

  /**
   * The data set in {@code files}: images upright, classes from 0.
   *
   * @param place what errors call the directory: its path
   */
  public IdxDirectory in(String place, FileSource files) {
    return new IdxDirectory(place, files, convention, classes);
  }
}
