kubectl apply -f tomcat-service.yaml
