kubectl scale deployment frontend --replicas=4
kubectl rollout status deployment/frontend --timeout=120s
kubectl patch service tomcat-service -p '{"spec":{"externalTrafficPolicy":"Local"}}'
sleep 3
client$ curl -s -o /dev/null http://172.18.0.3:31002/
