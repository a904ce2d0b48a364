package dev.lockstep.spark.cluster;

import dev.lockstep.spark.storage.HadoopConfiguration;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;

/**
 * HDFS with one data node and YARN with one node manager, in this process; applications are
 * submitted by processes of a Spark installation. All of it ends with it.
 */
final class HadoopCluster implements AutoCloseable {
  private static final String JAVA_HOME = System.getProperty("java.home");

  /** Whether tasks tell the name node who they are. */
  private static final String CALLERS = "hadoop.caller.context.enabled";

  private final MiniDFSCluster hdfs;
  private final MiniYARNCluster yarn;
  private final SparkProcesses spark;
  private final Path directory;
  private final Path logs;

  /** Starts both, with all files below {@code directory}. */
  HadoopCluster(Path directory) throws IOException {
    this.directory = directory;
    logs = directory.resolve("yarn");
    // Its clients, those of tests among them, do not wait 400 ms for every file.
    Configuration conf = new YarnConfiguration(HadoopConfiguration.current());
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
    conf.setInt("dfs.replication", 1);
    conf.setBoolean(CALLERS, true);
    conf.set("dfs.namenode.audit.loggers", OpenedFiles.class.getName());
    // These loggers are made for another logging library than Spark's.
    conf.setInt("dfs.namenode.metrics.logger.period.seconds", 0);
    conf.setInt("dfs.datanode.metrics.logger.period.seconds", 0);
    hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    hdfs.waitActive();
    conf.set("fs.defaultFS", hdfs.getURI().toString());
    // A virtual machine may look short of memory or disk, neither of which is the matter here.
    conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);
    conf.setBoolean("yarn.nodemanager.disk-health-checker.enable", false);
    conf.setInt("yarn.minicluster.yarn.nodemanager.resource.memory-mb", 12288);
    conf.setInt("yarn.nodemanager.resource.cpu-vcores", 4);
    conf.setInt("yarn.scheduler.minimum-allocation-mb", 128);
    conf.set("yarn.scheduler.capacity.root.queues", "default");
    conf.setInt("yarn.scheduler.capacity.root.default.capacity", 100);
    conf.setInt("yarn.scheduler.capacity.maximum-am-resource-percent", 1);
    System.setProperty("test.build.data", logs.toString());
    yarn = new MiniYARNCluster("lockstep", 1, 1, 1);
    yarn.init(conf);
    yarn.start();
    Path configuration = Files.createDirectory(directory.resolve("conf"));
    Configuration told = yarn.getConfig();
    write(told, configuration.resolve("core-site.xml"), "fs.defaultFS", CALLERS);
    write(
        told,
        configuration.resolve("yarn-site.xml"),
        YarnConfiguration.RM_ADDRESS,
        "yarn.resourcemanager.scheduler.address");
    spark = processes(directory, configuration);
  }

  private static SparkProcesses processes(Path directory, Path configuration) {
    return new SparkProcesses(
        SparkProcesses.builtHome(),
        directory,
        Map.of("HADOOP_CONF_DIR", configuration.toString(), "JAVA_HOME", JAVA_HOME),
        List.of());
  }

  /** What applications must know of the cluster, and nothing of how it is made for tests. */
  private static void write(Configuration all, Path file, String... keys) throws IOException {
    Configuration told = new Configuration(false);
    for (String key : keys) {
      told.set(key, all.get(key));
    }
    try (OutputStream out = Files.newOutputStream(file)) {
      told.writeXml(out);
    }
  }

  /** Processes that take what listens at {@code address} for YARN. */
  SparkProcesses elsewhere(String address) throws IOException {
    Path files = Files.createDirectory(directory.resolve("elsewhere"));
    Configuration conf = new Configuration(false);
    conf.set(YarnConfiguration.RM_ADDRESS, address);
    write(conf, files.resolve("yarn-site.xml"), YarnConfiguration.RM_ADDRESS);
    return processes(files, files);
  }

  /** The file system of {@link #uri}. */
  FileSystem fileSystem() throws IOException {
    return hdfs.getFileSystem();
  }

  /** {@code path} on HDFS, as a user writes it. */
  String uri(String path) {
    return hdfs.getURI() + path;
  }

  /**
   * Starts {@code lockstep} on YARN with two executors of one core.
   *
   * @param mode where the driver runs: {@code client} or {@code cluster}
   * @param jar the program's, which YARN brings to every container, or {@code local:} with it,
   *     where they find it
   * @param options of spark-submit
   * @param arguments of the program
   */
  Process submit(
      String name, String mode, String jar, List<String> options, List<String> arguments) {
    return spark.submit(
        name,
        jar,
        Stream.concat(
                Stream.of(
                    "--master",
                    "yarn",
                    "--deploy-mode",
                    mode,
                    "--num-executors",
                    "2",
                    "--executor-cores",
                    "1"),
                options.stream())
            .toList(),
        List.of(
            "spark.authenticate=true",
            "spark.yarn.jars=local:" + spark.home().resolve("jars") + "/*",
            "spark.yarn.appMasterEnv.JAVA_HOME=" + JAVA_HOME,
            "spark.executorEnv.JAVA_HOME=" + JAVA_HOME,
            "spark.yarn.appMasterEnv.SPARK_LOCAL_IP=" + SparkProcesses.HOST,
            "spark.executorEnv.SPARK_LOCAL_IP=" + SparkProcesses.HOST,
            "spark.driver.extraJavaOptions=" + SparkProcesses.BRIEF_EXECUTOR,
            "spark.yarn.am.extraJavaOptions=" + SparkProcesses.BRIEF_EXECUTOR,
            "spark.executor.memoryOverhead=2g",
            "spark.yarn.maxAppAttempts=1"),
        arguments);
  }

  /** Starts {@code lockstep} by spark-submit with the master {@code local[2]}. */
  Process submitHere(String name, List<String> arguments) {
    return spark.submitArchived(name, List.of("--master", "local[2]"), List.of(), arguments);
  }

  /** What spark-submit, started as {@code name}, has printed so far. */
  String output(String name) {
    return spark.output(name);
  }

  /** Waits until spark-submit, started as {@code name}, has printed {@code text}. */
  void await(String name, String text) {
    spark.await(name, text);
  }

  /** What the containers of all applications have printed so far. */
  String containers() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(logs)) {
      for (Path file :
          files
              .filter(file -> file.toString().matches(".*/container_[^/]*/std(out|err)"))
              .toList()) {
        all.append(file).append(":\n").append(Files.readString(file)).append('\n');
      }
    }
    return all.toString();
  }

  @Override
  public void close() {
    spark.close();
    yarn.stop();
    hdfs.shutdown(true);
  }
}
