package plinth.lab;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletComponentScan;
import org.springframework.scheduling.annotation.EnableScheduling;

/** Starts the published server modules as one server, as the console module of the official release does. */
@SpringBootApplication(scanBasePackages = {"com.alibaba.nacos", "plinth.lab"})
@ServletComponentScan("com.alibaba.nacos")
@EnableScheduling
public class LabServer {
  public static void main(String[] args) throws Exception {
    Repairs.apply(LabServer.class.getClassLoader());
    SpringApplication.run(LabServer.class, args);
  }
}
